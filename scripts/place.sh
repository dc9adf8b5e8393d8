# shellcheck shell=bash
# Sourced by the other scripts: where the tree is, where things outside it go, and who builds.
#
# DAVY_CACHE  what survives a clean tree: fuzz corpora and crash inputs
#             (default /var/cache/davy for root, ~/.cache/davy for others)

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
tree=$PWD

if [ -z "${DAVY_CACHE:-}" ]; then
	if [ "$(id -u)" = 0 ]; then
		DAVY_CACHE=/var/cache/davy
	else
		DAVY_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/davy
	fi
fi
export DAVY_CACHE

say() { printf 'davy: %s\n' "$*" >&2; }

# sudo make must not leave root's files in somebody's checkout: the build belongs to its owner.
as_owner() {
	local owner
	owner=$(stat -c %U "$tree")
	if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && [ "$owner" != UNKNOWN ]; then
		runuser -u "$owner" -- "$@"
	else
		"$@"
	fi
}

# Give what a test run as root wrote into the build folders back to the owner of the tree.
return_to_owner() {
	if [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$tree")" != 0 ]; then
		local folder
		for folder in "$@"; do
			[ ! -e "$folder" ] || chown -R --reference="$tree" "$folder"
		done
	fi
}

# The files of the project: what git tracks, or everything in an unpacked tarball.
tree_files() {
	if [ -e "$tree/.git" ]; then
		# root may look at a checkout of somebody else
		git -c safe.directory='*' -C "$tree" ls-files -- "$@"
	else
		local pattern tests=()
		for pattern in "$@"; do
			tests+=(-o -path "./$pattern" -o -name "$pattern")
		done
		find . -path './build*' -prune -o -type f \( "${tests[@]:1}" \) -printf '%P\n'
	fi
}
