# Set-up and everyday commands. Meson and Ninja do the work: scripts/build says how.
#
# On a fresh Debian 12 or current Ubuntu with git and make:
#	sudo make watch		install what is missing, build, watch this machine
#	sudo make check		the same with the test tools, and run every test

.PHONY: help watch check build test accuracy accuracy-host bench bench-live soak fuzz format lint install uninstall clean

help:
	@sed -n 's/^## //p' Makefile

## sudo make watch     install what is missing, build, start `davy watch` here with its defaults
watch:
	@scripts/install_packages build
	@scripts/build release
	@test "$$(id -u)" = 0 || { echo "davy: capturing needs rights: sudo make watch" >&2; exit 2; }
	@scripts/account
	build/davy watch

## sudo make check     the same packages and the test tools, then every test; this is what CI runs
check:
	@scripts/check

## make build          compile build/davy, optimised and hardened
build:
	@scripts/build release

## make test           compile with sanitizers and run the tests; installs nothing
test:
	@scripts/build asan
	meson test --no-rebuild --print-errorlogs -C build-asan

## make accuracy       what is found and what is not, measured: writes docs/accuracy.md
accuracy:
	@scripts/build release
	@scripts/build asan
	@scripts/accuracy

## sudo make accuracy-host   the same of this machine's processes: some fifty programs, drills, ways out
accuracy-host:
	@scripts/build release
	ninja -C build tests/bare_drill tests/libhide_process.so
	@scripts/accuracy_host build --write

## make bench          speed and memory against nDPI and tcpdump on the same capture
bench:
	@scripts/build release
	@scripts/bench

## sudo make bench-live  what davy watch costs a busy machine, and what it misses: 15 minutes, idle machine
bench-live:
	@scripts/build release
	@scripts/bench_live

## make fuzz           every harness for five minutes in all; FUZZ_SECONDS=N, NAMES="tls http"
FUZZ_SECONDS ?= 300
fuzz:
	@scripts/fuzz $(FUZZ_SECONDS) $(NAMES)

## make soak           ten minutes a harness, the tests thirty times over, half an hour of davy watch (root)
soak:
	@scripts/soak

## make format         let clang-format write every C file
format:
	@scripts/check_format --fix

## make lint           the rules that need no build: includes, harnesses, words, format, shell
lint:
	@scripts/check --no-install --only tree
	@scripts/check_includes

## sudo make install   install under /usr/local (DESTDIR= honoured) with user, service, man pages
install: build
	@scripts/install

## sudo make uninstall take it away again; configuration and evidence stay
uninstall:
	@scripts/install --remove

## make clean          remove the build folders
clean:
	rm -rf build build-asan build-kernel build-fuzz build-*.ini
