# Completion of statusd for bash.
__start_statusd() {
	local words=("${COMP_WORDS[@]:1:COMP_CWORD}") out line value quote='' joined='' i
	# Join what COMP_WORDBREAKS took apart: "--flag" "=" "value", "public" ":" "tea".
	local parts=() n word last rest=${COMP_LINE:0:COMP_POINT}
	rest=${rest#*[[:space:]]}
	for word in "${words[@]}"; do
		# Blanks before a word mean that it is one of its own.
		if [[ ${#parts[@]} -gt 0 && -n $word && ${rest:0:1} != [[:space:]] ]]; then
			n=$((${#parts[@]} - 1))
			parts[n]+=$word
		else
			parts+=("$word")
		fi
		rest=${rest#"${rest%%[![:space:]]*}"}
		rest=${rest#"$word"}
	done
	n=$((${#parts[@]} - 1))
	last=${parts[n]}
	if [[ $last == [\'\"]* ]]; then
		quote=${last:0:1}
		last=${last:1}
	else
		last=${last//\\/}
	fi
	local ask=()
	for ((i = 0; i < n; i++)); do
		value=${parts[i]}
		case $value in
		\'*\' | \"*\") value=${value:1:${#value}-2} ;;
		*) value=${value//\\/} ;;
		esac
		ask+=("$value")
	done
	out=$("${COMP_WORDS[0]}" __complete "${ask[@]}" "$last" 2>/dev/null) || return
	local then=${out##*$'\n'} found=() text=()
	out=${out%"$then"}
	# Readline replaces what comes after the last break alone.
	local cut=''
	if [[ -z $quote && ${words[${#words[@]}-1]} != "${parts[n]}" ]]; then
		joined=${words[${#words[@]}-1]}
		[[ $joined == [:=] ]] && joined=''
		cut=${parts[n]%"$joined"}
		cut=${cut%@} # which Readline leaves to the word behind it
	fi
	while IFS= read -r line; do
		[[ -n $line ]] || continue
		value=${line%%$'\t'*}
		[[ -n $quote ]] || printf -v value %q "$value"
		found+=("${value#"$cut"}")
		if [[ $line == *$'\t'* ]]; then
			text+=("${value#"$cut"}  (${line#*$'\t'})")
		else
			text+=("${value#"$cut"}")
		fi
	done <<<"$out"
	COMPREPLY=()
	if [[ ${#found[@]} -gt 1 && $COMP_TYPE == 63 ]]; then
		COMPREPLY=("${text[@]}") # a list to read
	elif [[ ${#found[@]} -gt 0 ]]; then
		COMPREPLY=("${found[@]}")
		[[ ${#found[@]} -gt 1 || ${found[0]} != *= ]] || compopt -o nospace
	elif [[ $then == :0 ]]; then
		compopt -o default
	fi
}
complete -F __start_statusd statusd
