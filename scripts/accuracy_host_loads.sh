# shellcheck shell=bash
# Sourced by scripts/accuracy_host: honest programs, miners, and ways out, a line each, fields between tabs.

# What the loads below read; in the folder $work.
write_load_files() {
	cat >"$work/floats.js" <<'END'
for (;;) { let a = 1.5; for (let i = 1; i < 1e8; i++) a = Math.sqrt(a * i + 1 / i) - a / (i + 2); globalThis.x = a; }
END
	cat >"$work/json.js" <<'END'
const o = []; for (let i = 0; i < 1e4; i++) o.push({ a: i, b: 'x' + i, c: [i / 3] });
for (;;) globalThis.x = JSON.parse(JSON.stringify(o));
END
	cat >"$work/Mix.java" <<'END'
public class Mix { public static void main(String[] x) {
 double[] a = new double[4096], b = new double[4096]; long h = 1; int[] n = new int[4096];
 java.util.HashMap<Long, String> m = new java.util.HashMap<>();
 for (long t = 0;; t++) {
  for (int i = 0; i < 4096; i++) { n[i] = (int) (h >>> (i & 31)); a[i] = Math.sqrt(n[i] * 1.5 + b[i]) / (b[i] + 2.0); }
  for (int i = 0; i < 4096; i++) b[i] = n[i] * a[i] + a[4095 - i];
  for (int i = 0; i < 4096; i++) h = Long.rotateRight(h * 0x9E3779B97F4A7C15L ^ Math.multiplyHigh(h, t | 1), 17) ^ n[i];
  m.put(h & 1023, "v" + h);
 } } }
END
	cat >"$work/loops.py" <<'END'
h, f = 1, 1.5
while True:
    for i in range(1, 1000000):
        h = (h * 6364136223846793005 + i ^ (h >> 29)) & 0xffffffffffffffff
        f = (f * i + 1.0 / i) ** 0.5
END
	cat >"$work/numbers.py" <<'END'
import numpy
a = numpy.random.rand(700, 700)
while True:
    b = numpy.sqrt(a @ a) / (a + 1.0)
    numpy.linalg.svd(b[:200, :200])
END
	cat >"$work/postgres.sh" <<'END'
PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -1):$PATH
chown -R nobody . && mkdir -p pg && chown nobody pg
as() { setpriv --reuid nobody --clear-groups env HOME="$PWD" "$@"; }
as initdb -D pg/data >/dev/null
as postgres -D pg/data -k "$PWD/pg" -c listen_addresses= &
until as pg_isready -q -h "$PWD/pg"; do sleep 0.2; done
as createdb -h "$PWD/pg" bench && as pgbench -q -i -s 5 -h "$PWD/pg" bench
exec setpriv --reuid nobody --clear-groups pgbench -S -c 2 -T 600 -h "$PWD/pg" bench
END
	(cd "$work" && mkdir -p repository && cd repository && git init -q && cp -r "$tree/src" . && git add . &&
		git -c user.name=n -c user.email=e commit -qm files) >/dev/null 2>&1
	if command -v monerod >/dev/null && [[ $monero_node =~ $only ]]; then
		unshare --net python3 scripts/accuracy_host_node.py make "$work/monero" "$NODE_BLOCKS" || say "no chain for a node of Monero"
	fi
}
monero_node='monerod that fetches and checks blocks' NODE_BLOCKS=${NODE_BLOCKS:-600}

loads() {
	local what
	for what in sha256 sha512 sha3-256 blake2b512 aes-256-gcm aes-256-cbc chacha20-poly1305; do
		printf 'openssl speed %s\topenssl\texec openssl speed -seconds 600 -evp %s\n' $what $what
	done
	for what in rsa2048 ecdsap256 ed25519; do
		printf 'openssl speed %s\topenssl\texec openssl speed -seconds 600 %s\n' $what $what
	done
	for what in raw-sha256 bcrypt sha512crypt; do
		printf 'john --test --format=%s\t/usr/sbin/john\twhile :; do /usr/sbin/john --test=9 --format=%s; done\n' $what $what
	done
	for what in fft matrixprod int64 int128 rand48 hash prime trig; do
		printf 'stress-ng --cpu-method %s\tstress-ng\texec stress-ng --cpu 1 --cpu-method %s -t 600\n' $what $what
	done
	for what in matrix vecmath memcpy crypt; do
		printf 'stress-ng --%s\tstress-ng\texec stress-ng --%s 1 -t 600\n' $what $what
	done
	# each: the name, the program that must be there, the command
	printf '%s\t%s\t%s\n' \
		'node, floats' node 'exec node floats.js' \
		'node, JSON' node 'exec node json.js' \
		'java, floats and hashes' java 'exec java Mix.java' \
		'pypy3, loops' pypy3 'exec pypy3 loops.py' \
		'python3, loops' python3 'exec python3 loops.py' \
		'numpy with OpenBLAS' "/usr/bin/python3 && /usr/bin/python3 -c 'import numpy'" 'exec /usr/bin/python3 numbers.py' \
		'gcc -O2' gcc 'while :; do gcc -std=gnu17 -D_GNU_SOURCE -O2 -I$TREE/src -c $TREE/src/decode/flow/flow.c -o g.o; done' \
		'clang -O2' clang 'while :; do clang -std=gnu17 -D_GNU_SOURCE -O2 -I$TREE/src -c $TREE/src/decode/flow/flow.c -o c.o; done' \
		'x264' x264 'while :; do x264 --input-res 640x480 --demuxer raw --input-csp i420 -o x.264 large; done' \
		'ffmpeg, x264' ffmpeg 'exec ffmpeg -f lavfi -i testsrc2=size=1280x720:rate=30 -t 6000 -c:v libx264 -f null -' \
		'ffmpeg, x265' ffmpeg 'exec ffmpeg -f lavfi -i testsrc2=size=1280x720:rate=30 -t 6000 -c:v libx265 -f null -' \
		'zstd -19' zstd 'while :; do zstd -q -19 -f -o z.zst large; done' \
		'xz -9' xz 'while :; do xz -9 -k -c large; done' \
		'7z' 7z 'while :; do rm -f s.7z; 7z a -bd s.7z large; done' \
		'brotli' brotli 'while :; do brotli -k -f -q 11 -o b.br large; done' \
		'argon2id' argon2 'while :; do echo x | argon2 saltsalt -id -t 40 -m 16 -p 1; done' \
		'sha256sum' sha256sum 'while :; do sha256sum random large; done' \
		'sysbench cpu' sysbench 'exec sysbench cpu --time=600 run' \
		'sysbench memory' sysbench 'exec sysbench memory --memory-total-size=100T --time=600 run' \
		'stockfish' /usr/games/stockfish 'exec /usr/games/stockfish bench 16 1 40' \
		'povray' povray 'while :; do povray -benchmark </dev/null; done' \
		'PostgreSQL and pgbench' 'ls && ls /usr/lib/postgresql/*/bin/pgbench' 'exec sh postgres.sh' \
		'Redis and its benchmark' redis-server 'redis-server --port 46379 --save "" & exec redis-benchmark -p 46379 -l -q' \
		'gpg, keys' gpg 'mkdir -p -m 700 keys; while :; do gpg --homedir keys --batch --passphrase "" --quick-gen-key n$(date +%N)@x rsa4096; done' \
		"$monero_node" "monerod && ls $work/monero/height" 'exec unshare --net python3 $TREE/scripts/accuracy_host_node.py follow monero' \
		'openssl genrsa' openssl 'while :; do openssl genrsa 4096; done' \
		'git gc' git 'cd repository; while :; do git gc -q --aggressive --prune=now; git repack -q -a -d -F --depth=50; done' \
		'sort' sort 'while :; do sort large; done' \
		'perl' perl "exec perl -e 'while (1) { \$h{\$i++ % 1000} = sqrt(\$i) * 3.1 }'" \
		'awk' awk "exec awk 'BEGIN { while (1) { a[i++ % 1000] = sqrt(i) / 3 } }'"
}

miners() {
	printf '%s\t%s\n' \
		'RandomX, full speed' randomx \
		'5 % of a core' randomx,duty=5 \
		'writable or executable, never both' randomx,toggle,duty=25 \
		'masks in registers' randomx,in-registers,duty=25 \
		'padded twice its length' randomx,padding=100,duty=25 \
		'as a thread of the kernel' 'randomx,name=[kworker/0:1],duty=25' \
		'its program removed' randomx,deleted,duty=25 \
		'its program never a file' randomx,memfd,duty=25 \
		'lowest priority' randomx,nice,duty=25 \
		'over short processes' randomx,spread,duty=25 \
		'below a mount' randomx,mount,duty=25 \
		'with a preloaded library' "randomx,preload=$build/tests/libhide_process.so,duty=25" \
		'CryptoNight' cryptonight,duty=25 \
		'two threads' randomx,threads=2,duty=20
}

escapes() {
	printf '%s\t%s\n' \
		'code_shape, RandomX: masks in registers and eight instructions without effect for each that works' \
		randomx,in-registers,padding=800,duty=25 \
		'the same, sixteen' randomx,in-registers,padding=1600,duty=25 \
		'code_shape, CryptoNight: masks in registers' cryptonight,in-registers,duty=25 \
		'rhythm: one hundredth of a core' randomx,duty=1 \
		'memory_layout: a pad of another size' randomx,pad=1024,duty=25 \
		'memory_constants: no words, keys made in registers (as all drills here)' randomx,duty=24 \
		'disguise: none at all, a plain name (as most drills here)' randomx,duty=23
}
