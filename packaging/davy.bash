# bash completion for davy(1)
# shellcheck shell=bash

_davy()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word
	local commands='scan watch incidents show health drill completion'
	local verdicts='mining miner suspect exposure access signal'
	local -a words

	COMPREPLY=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $word in
		-*) ;;
		*) command=$word && break ;;
		esac
	done
	case $previous in
	--config | --store)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--interface)
		mapfile -t COMPREPLY < <(compgen -W "$(cd /sys/class/net 2>/dev/null && echo *)" -- "$current")
		return
		;;
	--verdict | --fail-on)
		mapfile -t COMPREPLY < <(compgen -W "$verdicts" -- "$current")
		return
		;;
	--as | --since | --limit | --shares | --carrier)
		return
		;;
	esac
	case $command in
	'') words=("$commands" --help --version) ;;
	scan) words=(--json --as --fail-on --config --follow --help) ;;
	watch) words=(--interface --config --json --help) ;;
	incidents) words=(--json --since --verdict --limit --store --help) ;;
	show) words=(--json --store --help) ;;
	health) words=(--json --store --help) ;;
	drill) words=(--carrier --shares --list --help) ;;
	*) words=(--help) ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$current")
	if [ "$command" = scan ] && [ "${current:0:1}" != - ]; then
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
	fi
	if [ "$command" = drill ] && [ "${current:0:1}" != - ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(davy drill --list 2>/dev/null | sed 's/[[:space:]].*//')" -- "$current")
	fi
}

complete -o filenames -F _davy davy
