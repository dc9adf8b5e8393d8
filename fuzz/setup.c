/* First byte: the form of a set-up file; the rest is its text. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/shell_word.h"
#include "decode/setup/command.h"
#include "decode/setup/remedy.h"
#include "decode/setup/setup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void is_inside(struct str view, struct str text)
{
	if (view.len)
		assert(view.at >= text.at && view.at + view.len <= text.at + text.len);
}

static void check_entry(const struct setup_entry *e, struct str text, struct arena *arena,
			enum setup_form form)
{
	char fingerprint[SETUP_FINGERPRINT_LEN + 1];

	assert(e->line > 0 && e->last_line >= e->line);
	is_inside(e->text, text);
	if (!str_equal(e->user, STR("root"))) /* where only root can be meant it is ours */
		is_inside(e->user, text);
	is_inside(e->command, text);
	(void)command_marks(e->command);
	(void)command_leads_to(e->command, STR("/tmp/a"));
	(void)setup_key_fingerprint(e->command, fingerprint);
	arena_reset(arena);
	struct setup_remedy r = setup_remedy_of(form, e->text, 0755, e, arena);
	for (size_t i = 0; i < r.command.len; i++) /* a terminal shows it as it is */
		assert(r.command.at[i] >= 0x20 && r.command.at[i] <= 0x7e);
}

static void check_words(struct str text)
{
	struct command_reader reader;
	struct command_word word;

	command_begin(&reader, text);
	while (command_next(&reader, &word))
		assert(word.len <= COMMAND_WORD_MAX);
	is_inside(reader.rest, text);
	command_begin(&reader, text);
	while (command_program_next(&reader, &word))
		assert(word.len > 0 && word.at[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct setup_reader reader;
	struct setup_entry entry;
	struct arena arena;

	if (len == 0 || arena_init(&arena, 1 << 20) < 0)
		return 0;
	/* In a block of its own, so that a read past its end is seen. */
	char *owned = malloc(len - 1);
	assert(owned || len == 1);
	if (len > 1)
		memcpy(owned, bytes + 1, len - 1);
	struct str text = str_of(owned, len - 1);
	enum setup_form form = (enum setup_form)(bytes[0] % SETUP_FORM_COUNT);
	setup_begin(&reader, form, text);
	for (unsigned line = 0; setup_next(&reader, &entry); line = entry.last_line) {
		assert(entry.line > line);
		check_entry(&entry, text, &arena, form);
	}
	struct json_node nodes[512];
	if (form == SETUP_MINER && setup_miner_find(text, nodes, 512, &entry))
		check_entry(&entry, text, &arena, form);
	check_words(text);
	free(owned);
	arena_fini(&arena);
	return 0;
}
