/* Lines of JSON from both sides (pieces.h) as one dialogue; scratch is scarce, as for a flood. */
#include "said.h"

#include "decode/mining/dialogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	enum { NODES = 512, SCRATCH = 2048 };
	static _Alignas(16) char memory[SCRATCH];
	static struct json_node nodes[NODES];
	struct dialogue dialogue = {0};
	struct str rest = str_of(at, len);
	struct piece line;

	for (; piece_next_line(&rest, &line); piece_fini(&line)) {
		struct arena scratch = {.at = memory, .cap = sizeof(memory)};
		struct json doc = {.nodes = nodes, .cap = NODES};
		struct mining_message said;
		if (json_read(&doc, line.bytes) == 0)
			continue;
		if (!dialogue_read(&dialogue, line.side, json_root(&doc), &scratch, &said))
			continue;
		assert(said.act != ACT_NONE);
		check_said(&said);
	}
	return 0;
}
