# Completion of statusd for fish.
function __statusd_ask
    set -l ask (commandline -opc)
    set -l word (commandline -ct)
    set -l program $ask[1]
    set -e ask[1]
    $program __complete $ask (string unescape -- "$word"; or echo $word) 2>/dev/null
end
function __statusd_offer
    for line in (__statusd_ask)
        string match -qr '^:[0-9]+$' -- $line; or echo $line
    end
end
function __statusd_files
    set -l answer (__statusd_ask)
    test (count $answer) -eq 1; and test "$answer[1]" = :0
end
complete -c statusd -e
complete -c statusd -f -n 'not __statusd_files' -a '(__statusd_offer)'
complete -c statusd -F -n __statusd_files
