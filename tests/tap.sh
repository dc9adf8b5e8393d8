# shellcheck shell=bash
# What the TAP scripts here share; sourced by them. The files `out` and `err` of the working folder are shown when a case fails.
number=0
told() { # told NAME: the last command's status decides
	local status=$?
	number=$((number + 1))
	if [ $status = 0 ]; then echo "ok $number - $1"; else
		echo "not ok $number - $1"
		local file
		for file in ${TAP_SHOWS:-out err}; do
			[ ! -e "$file" ] || head -n 40 "$file" | cut -c1-300 | sed "s/^/# $file: /"
		done
	fi
}
skipped() { # skipped NAME REASON
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}
# grep at the end of a pipe: it reads to the end, since one that leaves early (-q, -m) kills the writer, and with
# pipefail that is a failure, now and then.
holds() { grep "$@" >/dev/null; }
until_true() { # until_true COMMAND...: within half a minute, which only what fails needs
	for _ in $(seq 1500); do "$@" && return 0; sleep 0.02; done
	return 1
}
within() { # within SECONDS COMMAND...
	local end=$((SECONDS + $1))
	while [ $SECONDS -le $end ]; do "${@:2}" && return 0; sleep 0.1; done
	return 1
}

# Of a process: what /proc says behind its name (1: state, 2: parent, 12: ticks, 20: start), and whether it goes on.
stat_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f"$2"; } # stat_of PID FIELD
alive() { local s; s=$(stat_of "$1" 1); [ -n "$s" ] && [ "$s" != Z ]; }
more() { local now; now=$(stat_of "$1" 12); [ -n "$now" ] && [ "$now" -gt $(($2 + 1)) ]; } # more PID TICKS
works() { local before; before=$(stat_of "$1" 12); until_true more "$1" "$before"; } # its processor time goes on
stands() { # hardly a tick in STANDS_S seconds (1), of a process that used many
	local before; before=$(stat_of "$1" 12)
	[ -n "$before" ] || return 1
	sleep "${STANDS_S:-1}"
	[ "$(stat_of "$1" 12)" -le $((before + 1)) ]
}
