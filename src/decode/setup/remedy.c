#include "decode/setup/remedy.h"

#include "base/shell_word.h"

static struct str keep(struct arena *arena, struct buf *text)
{
	struct str kept = text->failed ? (struct str){0} : arena_copy(arena, buf_view(text));

	buf_fini(text);
	*text = (struct buf){0};
	return kept;
}

static void add_moved(struct buf *out, struct str path)
{
	CLEANUP(buf_fini) struct buf aside = {0};

	buf_add(&aside, path);
	buf_add_text(&aside, ".davy-off");
	buf_add_shell_word(out, buf_view(&aside));
}

/* Out of the way under a name that nothing loads; systemd must be told. */
static struct setup_remedy move(enum setup_form form, struct str path, struct arena *arena)
{
	const char *after = form == SETUP_UNIT ? " && systemctl daemon-reload" : "";
	struct setup_remedy remedy;
	struct buf text = {0};

	buf_add_text(&text, "mv -n -- ");
	buf_add_shell_word(&text, path);
	buf_add_byte(&text, ' ');
	add_moved(&text, path);
	buf_add_text(&text, after);
	remedy.command = keep(arena, &text);
	buf_add_text(&text, "mv -n -- ");
	add_moved(&text, path);
	buf_add_byte(&text, ' ');
	buf_add_shell_word(&text, path);
	buf_add_text(&text, after);
	remedy.undo = keep(arena, &text);
	return remedy;
}

static struct setup_remedy forbid(struct str path, uint32_t mode, struct arena *arena)
{
	struct setup_remedy remedy;
	struct buf text = {0};

	buf_add_text(&text, "chmod a-x -- ");
	buf_add_shell_word(&text, path);
	remedy.command = keep(arena, &text);
	buf_printf(&text, "chmod %04o -- ", mode & 07777);
	buf_add_shell_word(&text, path);
	remedy.undo = keep(arena, &text);
	return remedy;
}

/*
 * The line must still be what was read. Its end of line and blanks at both ends are not part of the
 * text, so it is compared by what is between; lines that go on are compared by their first.
 */
static struct setup_remedy comment(enum setup_form form, struct str path,
				   const struct setup_entry *entry, struct arena *arena)
{
	const char *after = form == SETUP_UNIT ? " && systemctl daemon-reload" : "";
	struct setup_remedy remedy;
	struct buf text = {0};
	struct str first, more;

	(void)str_cut(entry->text, '\n', &first, &more);
	buf_printf(&text, "sed -n %up -- ", entry->line);
	buf_add_shell_word(&text, path);
	buf_add_text(&text, " | grep -qF -e ");
	buf_add_shell_word(&text, str_trim(first));
	buf_printf(&text, " && sed -i --follow-symlinks '%u,%us/^/# davy: /' -- ", entry->line,
		   entry->last_line);
	buf_add_shell_word(&text, path);
	buf_add_text(&text, after);
	remedy.command = keep(arena, &text);
	buf_printf(&text, "sed -i --follow-symlinks '%u,%us/^# davy: //' -- ", entry->line,
		   entry->last_line);
	buf_add_shell_word(&text, path);
	buf_add_text(&text, after);
	remedy.undo = keep(arena, &text);
	return remedy;
}

static bool is_own_unit(struct str path, const struct setup_entry *entry)
{
	return !str_ends(path, STR(".conf")) && str_equal(entry->key, STR("ExecStart"));
}

struct setup_remedy setup_remedy_of_file(enum setup_form form, struct str path, uint32_t mode,
					 struct arena *arena)
{
	return form == SETUP_SCRIPT && (mode & 0111) ? forbid(path, mode, arena)
						     : move(form, path, arena);
}

struct setup_remedy setup_remedy_of(enum setup_form form, struct str path, uint32_t mode,
				    const struct setup_entry *entry, struct arena *arena)
{
	if (form == SETUP_DESKTOP || form == SETUP_MINER ||
	    (form == SETUP_UNIT && is_own_unit(path, entry)))
		return setup_remedy_of_file(form, path, mode, arena);
	return comment(form, path, entry, arena);
}
