/*
 * A few words of WebAssembly's binary format (WebAssembly Core 1.0, chapter 5), enough to write the loops of these
 * pages: an expression is an array of bytes, put together by functions.
 */
const unsigned = (n) => { const out = []; do { const low = n & 127; n >>>= 7; out.push(n ? low | 128 : low); } while (n); return out; };
const signed = (n) => { // a BigInt, or a number of 32 bits
	const out = [];
	for (let v = BigInt(n); ;) {
		const low = Number(v & 127n);
		v >>= 7n;
		const ends = (v === 0n && !(low & 64)) || (v === -1n && (low & 64));
		out.push(ends ? low : low | 128);
		if (ends)
			return out;
	}
};

const I32 = 0x7f, I64 = 0x7e;
const get = (local) => [0x20, ...unsigned(local)];
const set = (local, value) => [...value, 0x21, ...unsigned(local)];
const i32 = (n) => [0x41, ...signed(n | 0)];
const i64 = (n) => [0x42, ...signed(n)];
const two = (opcode) => (a, b) => [...a, ...b, opcode];
const one = (opcode) => (a) => [...a, opcode];
const add32 = two(0x6a), and32 = two(0x71), xor32 = two(0x73), shl32 = two(0x74), shr32 = two(0x76);
const add64 = two(0x7c), mul64 = two(0x7e), and64 = two(0x83), xor64 = two(0x85), or64 = two(0x84), shl64 = two(0x86), shr64 = two(0x88);
const wrap = one(0xa7), widen = one(0xad);
const load32 = (address, offset) => [...address, 0x28, 2, ...unsigned(offset)];
const load64 = (address, offset) => [...address, 0x29, 3, ...unsigned(offset)];
const store32 = (address, value, offset) => [...address, ...value, 0x36, 2, ...unsigned(offset)];
const store64 = (address, value, offset) => [...address, ...value, 0x37, 3, ...unsigned(offset)];
/* Runs `body` until local `count` is zero. */
const repeat = (count, body) => [0x03, 0x40, ...body, ...set(count, add32(get(count), i32(-1))), ...get(count), 0x0d, 0, 0x0b];

const section = (id, bytes) => [id, ...unsigned(bytes.length), ...bytes];
const text = (s) => [...unsigned(s.length), ...[...s].map((c) => c.charCodeAt(0))];

/* A module of one function "run", of one parameter (how often), and one memory "memory" of so many pages of 64 KiB. */
function moduleOf(pages, locals, body) {
	const kinds = locals.flatMap(([count, type]) => [...unsigned(count), type]);
	const code = [...unsigned(locals.length), ...kinds, ...body, 0x0b];
	return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
		...section(1, [1, 0x60, 1, I32, 0]),
		...section(3, [1, 0]),
		...section(5, [1, 1, ...unsigned(pages), ...unsigned(pages)]),
		...section(7, [2, ...text('run'), 0, 0, ...text('memory'), 2, 0]),
		...section(10, [1, ...unsigned(code.length), ...code])]);
}
