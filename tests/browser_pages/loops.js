/*
 * The loops of the workers: one that has the shape of CryptoNight's and computes nothing of value (no coin's hash: it has
 * no Keccak, no final hash, no nonce and no target), and honest ones beside it.
 *
 * The memory of the WebAssembly ones: the AES tables at 0, four of 1 KiB; the state at 4096; the pad from 65536 on.
 */
const PAD = 65536, STATE = 4096;

/* FIPS 197: the S-box from inverses in GF(2^8), and from it the tables that join it with the mixing of columns. */
function fillTables(memory) {
	const words = new Uint32Array(memory.buffer, 0, 1024);
	const twice = (x) => (x << 1) ^ (x & 128 ? 0x11b : 0);
	const powers = [], logs = [];
	for (let i = 0, x = 1; i < 255; i++, x ^= twice(x))
		(powers[i] = x), (logs[x] = i);
	for (let x = 0; x < 256; x++) {
		const inverse = x ? powers[(255 - logs[x]) % 255] : 0;
		let s = inverse;
		for (let i = 1; i < 5; i++)
			s ^= ((inverse << i) | (inverse >> (8 - i))) & 255;
		s ^= 0x63;
		const word = (twice(s) | (s << 8) | (s << 16) | ((twice(s) ^ s) << 24)) >>> 0;
		for (let t = 0; t < 4; t++)
			words[t * 256 + x] = t ? (word << (8 * t)) | (word >>> (32 - 8 * t)) : word;
	}
}

/* Four words of a round: of `from`, four functions that give a word, with a key, four more. */
function roundOf(from, key, to) {
	const lookup = (word, t) => load32(and32(t ? (t === 3 ? shl32(shr32(word, i32(24)), i32(2)) : shr32(word, i32(8 * t - 2)))
		: shl32(word, i32(2)), i32(0x3fc)), 1024 * t);
	const out = [];
	for (let i = 0; i < 4; i++)
		out.push(...set(to + i, xor32(key(i), xor32(xor32(lookup(from(i), 0), lookup(from((i + 1) & 3), 1)),
			xor32(lookup(from((i + 2) & 3), 2), lookup(from((i + 3) & 3), 3))))));
	return out;
}

/* Locals: 0 count; 1 to 4 words read, 5 to 8 words of c, 9 address; from 10 on, 64 bits: a0 a1 b0 b1 c0 c1 d0 d1 and products. */
function padModule(pages, mask) {
	const A0 = 10, A1 = 11, B0 = 12, B1 = 13, C0 = 14, C1 = 15, D0 = 16, D1 = 17, LOW = 18, MIDDLE = 19, CROSS = 20, HIGH = 21;
	const words = (low, high) => (i) => wrap(i & 1 ? shr64(get(i & 2 ? high : low), i64(32)) : get(i & 2 ? high : low));
	const join = (to, low, high) => set(to, or64(widen(get(low)), shl64(widen(get(high)), i64(32))));
	const lower = (local) => and64(get(local), i64(0xffffffffn)), upper = (local) => shr64(get(local), i64(32));
	const address = (local) => set(9, and32(wrap(get(local)), i32(mask)));
	const body = repeat(0, [
		...address(A0),
		...[0, 1, 2, 3].flatMap((i) => set(1 + i, load32(get(9), PAD + 4 * i))),
		...roundOf((i) => get(1 + i), words(A0, A1), 5),
		...join(C0, 5, 6), ...join(C1, 7, 8),
		...store64(get(9), xor64(get(B0), get(C0)), PAD), ...store64(get(9), xor64(get(B1), get(C1)), PAD + 8),
		...address(C0),
		...set(D0, load64(get(9), PAD)), ...set(D1, load64(get(9), PAD + 8)),
		/* c0 times d0, 128 bits from products of 32 */
		...set(LOW, mul64(lower(C0), lower(D0))), ...set(MIDDLE, mul64(upper(C0), lower(D0))),
		...set(CROSS, add64(add64(shr64(get(LOW), i64(32)), and64(get(MIDDLE), i64(0xffffffffn))), mul64(lower(C0), upper(D0)))),
		...set(HIGH, add64(add64(mul64(upper(C0), upper(D0)), shr64(get(MIDDLE), i64(32))), shr64(get(CROSS), i64(32)))),
		...set(A0, add64(get(A0), get(HIGH))),
		...set(A1, add64(get(A1), or64(shl64(get(CROSS), i64(32)), and64(get(LOW), i64(0xffffffffn))))),
		...store64(get(9), get(A0), PAD), ...store64(get(9), get(A1), PAD + 8),
		...set(A0, xor64(get(A0), get(D0))), ...set(A1, xor64(get(A1), get(D1))),
		...set(B0, get(C0)), ...set(B1, get(C1)),
	]);
	const begin = [A0, A1, B0, B1].flatMap((local, i) => set(local, load64(i32(STATE), 8 * i)));
	const end = [A0, A1, B0, B1].flatMap((local, i) => store64(i32(STATE), get(local), 8 * i));
	return moduleOf(pages, [[9, I32], [12, I64]], [...begin, ...body, ...end]);
}

/*
 * AES in counter mode, over a block of 2 MiB again and again: the honest page that looks most like a miner, since it has the
 * tables, a mask, and noise of just that size that is always written anew. What it has not is a product.
 */
function cipherModule(pages) {
	const words = (i) => load32(i32(STATE), 4 * i);
	const rounds = [];
	for (let r = 0; r < 5; r++)
		rounds.push(...roundOf((i) => get(1 + i), (i) => load32(i32(STATE), 16 + 32 * r + 4 * i), 5),
			...roundOf((i) => get(5 + i), (i) => load32(i32(STATE), 32 + 32 * r + 4 * i), 1));
	const body = repeat(0, [
		...[0, 1, 2, 3].flatMap((i) => set(1 + i, xor32(words(i), get(9)))),
		...rounds,
		...[0, 1, 2, 3].flatMap((i) => store32(get(9), xor32(get(1 + i), load32(get(9), PAD + 4 * i)), PAD + 4 * i)),
		...set(9, and32(add32(get(9), i32(16)), i32(0x1ffff0))),
	]);
	return moduleOf(pages, [[9, I32], [1, I64]], body);
}

function instanceOf(bytes) {
	const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
	fillTables(memory);
	crypto.getRandomValues(new Uint8Array(memory.buffer, STATE, 512));
	for (let at = 0; at < memory.buffer.byteLength - PAD && at < 2 << 20; at += 65536)
		crypto.getRandomValues(new Uint8Array(memory.buffer, PAD + at, 65536));
	return () => run(20000);
}

/* FIPS 180-4, of the same block over and over. */
function sha256() {
	const primes = [];
	for (let n = 2; primes.length < 64; n++)
		if (primes.every((p) => n % p))
			primes.push(n);
	const part = (x) => ((x - Math.floor(x)) * 2 ** 32) >>> 0;
	const k = Uint32Array.from(primes, (p) => part(Math.cbrt(p)));
	const state = Uint32Array.from(primes.slice(0, 8), (p) => part(Math.sqrt(p))), w = new Uint32Array(64);
	const turn = (x, n) => (x >>> n) | (x << (32 - n));
	return () => {
		for (let block = 0; block < 500; block++) {
			for (let i = 0; i < 16; i++)
				w[i] = state[i & 7] + i;
			for (let i = 16; i < 64; i++)
				w[i] = w[i - 16] + w[i - 7] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3)) +
					(turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10));
			let [a, b, c, d, e, f, g, h] = state;
			for (let i = 0; i < 64; i++) {
				const t = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
				const u = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
				(h = g), (g = f), (f = e), (e = (d + t) | 0), (d = c), (c = b), (b = a), (a = (t + u) | 0);
			}
			[a, b, c, d, e, f, g, h].forEach((x, i) => (state[i] += x));
		}
	};
}

/* An image of 1024 by 512 pixels, of 2 MiB, blurred over and over. */
function image() {
	let from = new Uint8Array(2 << 20), to = new Uint8Array(2 << 20);
	for (let i = 0; i < from.length; i += 65536)
		crypto.getRandomValues(from.subarray(i, i + 65536));
	return () => {
		for (let i = 4100; i < 200000; i++)
			to[i] = (from[i - 4] + from[i + 4] + from[i - 4096] + from[i + 4096] + 4 * from[i]) >> 3;
		[from, to] = [to, from];
	};
}

const loops = {
	mine: () => instanceOf(padModule(256, 0x1ffff0)),
	cipher: () => instanceOf(cipherModule(256)),
	sha256,
	image,
};
