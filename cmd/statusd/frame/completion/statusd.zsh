#compdef statusd
# Completion of statusd for zsh.
_statusd() {
	local out line value
	local -a found texts ask
	ask=("${(@Q)words[2,CURRENT]}")
	ask[-1]=${ask[-1]#[\'\"]} # of a word that is still open
	out=$("${(Q)words[1]}" __complete "${ask[@]}" 2>/dev/null) || return 1
	local then=${out##*$'\n'}
	for line in "${(@f)${out%$then}}"; do
		[[ -n $line ]] || continue
		value=${line%%$'\t'*}
		found+=("$value")
		if [[ $line == *$'\t'* ]]; then
			texts+=("$value  -- ${line#*$'\t'}")
		else
			texts+=("$value")
		fi
	done
	if (( ${#found} )); then
		compadd -l -d texts -a found
	elif [[ $then == :0 ]]; then
		_files
	fi
}
if [[ ${funcstack[1]} == _statusd ]]; then
	_statusd "$@"
else
	compdef _statusd statusd
fi
