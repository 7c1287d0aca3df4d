# Completion of statusd for fish.
function __statusd_offer
    set -l ask (commandline -opc)
    set -l word (string unescape -- (commandline -ct)); or set word (commandline -ct)
    set -l program $ask[1]
    set -e ask[1]
    set -l answer ($program __complete $ask "$word" 2>/dev/null)
    if test (count $answer) -eq 1; and test "$answer[1]" = :0
        __fish_complete_path (commandline -ct)
    else if test (count $answer) -gt 1
        printf '%s\n' $answer[1..-2]
    end
end
complete -c statusd -e
complete -c statusd -f -a '(__statusd_offer)'
