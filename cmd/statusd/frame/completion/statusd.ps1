# Completion of statusd for PowerShell.
Register-ArgumentCompleter -Native -CommandName 'statusd' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } })
    $program = $words[0]
    $ask = @($words | Select-Object -Skip 1)
    if ($wordToComplete -eq '') { $ask += '""' }
    $out = @(& $program __complete @ask 2>$null)
    foreach ($line in ($out | Select-Object -SkipLast 1)) {
        $value, $text = $line -split "`t", 2
        if (-not $text) { $text = $value }
        $word = $value
        if ($word -match '[\s#@''"(){};,&|$]') { $word = "'" + ($word -replace "'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($word, $value, 'ParameterValue', $text)
    }
}
