/* Rules of the user's own, held against hostile memory: what libyara makes of each byte of it. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Each way of saying what is looked for, and a condition that reads memory again. */
static const char text[] =
	"import \"math\"\nimport \"hash\"\n"
	"rule plain { meta: author = \"x\" davy = \"mining\" strings: $a = \"pool\" nocase wide "
	"ascii "
	"$b = \"mark\" xor $c = \"base\" base64 condition: any of them }\n"
	"rule holes { strings: $a = { 4D [0-300] 5A ?? ( 01 | 02 03 ) } condition: #a > 1 }\n"
	"rule expression { strings: $a = /[48][0-9A-Za-z]{20,94}(x|yy)*\\.[a-z]+/ $b = "
	"/(a|aa|b)+c{1,40}/i condition: $a or @b[1] > 5 }\n"
	"rule again { condition: for any i in (0..64) : (uint32be(65536 + i) == 0x74657374) }\n"
	"rule counted { condition: math.entropy(65536, 256) > 7 or hash.md5(65536, 16) == \"\" }\n";
enum { BASE = 65536 };

static size_t read_memory(void *context, uint64_t address, char *out, size_t len)
{
	const struct str *memory = context;
	struct str wanted = str_sub(*memory, (size_t)(address - BASE), len);

	if (wanted.len > 0)
		memcpy(out, wanted.at, wanted.len);
	return wanted.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct rule_text one = {STR("fuzz.yar"), {text, sizeof(text) - 1}};
	static struct rules_library *library;
	static struct rules *rules;
	static struct arena arena;
	struct str memory = str_of(bytes, size);
	const struct rule_region regions[] = {{BASE, BASE + size / 3},
					      {BASE + size / 3, BASE + size + 16}};
	const struct rules_memory m = {regions, 2, read_memory, &memory, 1};
	struct rule_hit hits[RULE_HITS_MAX];
	struct error why;
	size_t count;

	if (!rules && (arena_init(&arena, 1 << 16) < 0 || rules_library_open(&library, &why) < 0 ||
		       rules_compile(library, &one, 1, &rules, &why) < 0)) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	arena_reset(&arena);
	enum rules_result result = rules_scan(rules, &m, &arena, hits, &count);
	assert(count <= RULE_HITS_MAX && (result == RULES_DONE || count == 0));
	for (size_t i = 0; i < count; i++) {
		assert(hits[i].rule.len > 0 && str_equal(hits[i].file, one.name));
		assert(hits[i].text.len <= 64);
		assert(hits[i].text.len == 0 || hits[i].address - BASE < size);
	}
	return 0;
}
