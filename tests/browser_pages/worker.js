/* Runs a loop for so many seconds, at so many per cent of the time: #LOOP,PERCENT,SECONDS */
importScripts('wasm.js', 'loops.js');
const [name, percent, seconds] = location.hash.slice(1).split(',');
const loop = loops[name](), ends = performance.now() + 1000 * Math.min(Number(seconds), 120);

function turn() {
	const from = performance.now();
	while (performance.now() < from + Number(percent))
		loop();
	if (performance.now() < ends)
		setTimeout(turn, percent < 100 ? 100 - Number(percent) : 0);
	else
		postMessage('done');
}
turn();
