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
