#include "decode/setup/setup.h"

#include "decode/setup/lines.h"

static const char *const form_names[SETUP_FORM_COUNT] = {
	[SETUP_CRONTAB] = "cron",
	[SETUP_CRONTAB_USER] = "cron",
	[SETUP_ANACRONTAB] = "anacron",
	[SETUP_UNIT] = "systemd",
	[SETUP_SCRIPT] = "script",
	[SETUP_PROFILE] = "shell profile",
	[SETUP_PRELOAD] = "ld.so.preload",
	[SETUP_KEYS] = "authorized_keys",
	[SETUP_DESKTOP] = "autostart",
	[SETUP_SUDOERS] = "sudoers",
	[SETUP_SYSCTL] = "sysctl",
	[SETUP_MODPROBE] = "modprobe",
	[SETUP_UDEV] = "udev",
	[SETUP_SSHD] = "sshd",
	[SETUP_SERVICE] = "settings",
	[SETUP_MINER] = "miner settings",
};

const char *setup_form_name(enum setup_form form)
{
	return form < SETUP_FORM_COUNT ? form_names[form] : "";
}

/* -- lines -- */

static bool goes_on(enum setup_form form)
{
	switch (form) {
	case SETUP_UNIT:
	case SETUP_SCRIPT:
	case SETUP_PROFILE:
	case SETUP_SUDOERS:
	case SETUP_UDEV:
	case SETUP_MODPROBE:
		return true;
	default:
		return false;
	}
}

static size_t line_length(struct str rest)
{
	ptrdiff_t end = str_find_byte(rest, '\n');

	return end < 0 ? rest.len : (size_t)end;
}

static bool ends_with_backslash(struct str line)
{
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line.len > 0 && line.at[line.len - 1] == '\\';
}

/* One line with what continues it; a comment is not continued. */
static bool next_logical_line(struct setup_reader *r, struct setup_entry *out)
{
	if (r->rest.len == 0)
		return false;
	size_t len = line_length(r->rest);
	const struct str first = str_trim(str_sub(r->rest, 0, len));
	const bool is_comment = first.len > 0 && (first.at[0] == '#' || first.at[0] == ';');

	out->line = out->last_line = ++r->line;
	while (!is_comment && goes_on(r->form) && len < r->rest.len &&
	       ends_with_backslash(str_sub(r->rest, 0, len))) {
		len += 1 + line_length(str_skip(r->rest, len + 1));
		out->last_line = ++r->line;
	}
	out->text = str_trim(str_sub(r->rest, 0, len));
	r->rest = str_skip(r->rest, len + 1);
	return true;
}

static bool is_comment(enum setup_form form, struct str text)
{
	return text.len == 0 || text.at[0] == '#' ||
	       (text.at[0] == ';' && (form == SETUP_UNIT || form == SETUP_SYSCTL));
}

/* -- crontabs -- */

/* NAME = value: of the environment, no job */
static bool is_assignment(struct str text)
{
	size_t i = 0;

	while (i < text.len && ((text.at[i] >= 'A' && text.at[i] <= 'Z') || text.at[i] == '_' ||
				(text.at[i] >= 'a' && text.at[i] <= 'z') ||
				(i > 0 && text.at[i] >= '0' && text.at[i] <= '9')))
		i++;
	size_t name = i;
	while (i < text.len && (text.at[i] == ' ' || text.at[i] == '\t'))
		i++;
	return name > 0 && i < text.len && text.at[i] == '=';
}

static bool take_columns(struct str *rest, unsigned count, struct str *out)
{
	const char *from = rest->at;
	struct str word = {0};

	for (unsigned i = 0; i < count; i++)
		if (!take_word(rest, &word))
			return false;
	*out = str_of(from, (size_t)(word.at + word.len - from));
	return true;
}

static bool read_crontab(const struct setup_reader *r, struct setup_entry *out)
{
	struct str rest = out->text;

	if (is_assignment(rest))
		return false;
	/* a dash before the minutes keeps SUSE's cron from logging */
	if (!take_columns(&rest, rest.at[0] == '@' ? 1 : 5, &out->when) ||
	    (r->form == SETUP_CRONTAB && !take_word(&rest, &out->user)))
		return false;
	out->command = rest;
	return rest.len > 0;
}

static bool read_anacrontab(struct setup_entry *out)
{
	struct str rest = out->text;

	if (is_assignment(rest) || !take_columns(&rest, 3, &out->when))
		return false;
	out->user = STR("root");
	out->command = rest;
	return rest.len > 0;
}

/* -- systemd and desktop entries -- */

static bool take_section(struct setup_reader *r, struct str text)
{
	if (text.at[0] != '[')
		return false;
	(void)str_cut(str_skip(text, 1), ']', &r->section, &text);
	return true;
}

static bool is_timer_key(struct str key)
{
	static const struct str keys[] = {STR("OnCalendar"),	  STR("OnBootSec"),
					  STR("OnStartupSec"),	  STR("OnActiveSec"),
					  STR("OnUnitActiveSec"), STR("OnUnitInactiveSec"),
					  STR("OnClockChange"),	  STR("OnTimezoneChange")};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (str_equal(key, keys[i]))
			return true;
	return false;
}

static struct str without_prefix(struct str command)
{
	while (command.len > 0 && str_find_byte(STR("@-:+!|"), command.at[0]) >= 0)
		command = str_skip(command, 1);
	return str_trim(command);
}

static bool read_unit(struct setup_reader *r, struct setup_entry *out)
{
	struct str key, value;

	if (take_section(r, out->text) || !str_cut(out->text, '=', &key, &value))
		return false;
	out->key = str_trim(key);
	out->command = str_trim(value);
	out->user = r->user;
	if (out->command.len == 0) /* takes back what other files said */
		return false;
	if (is_timer_key(out->key)) {
		out->act = SETUP_TIMES;
		out->when = out->text;
		return true;
	}
	if (str_equal(out->key, STR("Environment")) &&
	    (str_find(out->command, STR("LD_PRELOAD=")) >= 0 ||
	     str_find(out->command, STR("LD_AUDIT=")) >= 0)) {
		out->act = SETUP_LOADS;
		return true;
	}
	if (!str_starts(out->key, STR("Exec")) || str_starts(out->key, STR("ExecSearchPath")))
		return false;
	out->command = without_prefix(out->command);
	return out->command.len > 0;
}

static bool read_desktop(struct setup_reader *r, struct setup_entry *out)
{
	struct str key, value;

	if (take_section(r, out->text) || !str_equal(r->section, STR("Desktop Entry")) ||
	    !str_cut(out->text, '=', &key, &value) || !str_equal(str_trim(key), STR("Exec")))
		return false;
	out->key = str_trim(key);
	out->command = str_trim(value);
	return out->command.len > 0;
}

/* -- rights -- */

/* The length of the options before the key: blanks inside of quotes do not end them. */
static size_t options_length(struct str text)
{
	bool is_quoted = false;
	size_t i = 0;

	for (; i < text.len && (is_quoted || !is_blank(text.at[i])); i++) {
		if (text.at[i] == '\\' && i + 1 < text.len && text.at[i + 1] == '"')
			i++;
		else if (text.at[i] == '"')
			is_quoted = !is_quoted;
	}
	return i < text.len ? i : text.len;
}

static bool is_key_type(struct str word)
{
	return str_starts(word, STR("ssh-")) || str_starts(word, STR("ecdsa-")) ||
	       str_starts(word, STR("sk-"));
}

/* key: what follows the key, a comment as a rule; command: the key in base64 */
static bool read_key(struct setup_entry *out)
{
	struct str rest = out->text, word, first = rest;

	take_word(&first, &word);
	if (!is_key_type(word)) {
		out->when = str_sub(rest, 0, options_length(rest));
		rest = str_trim(str_skip(rest, out->when.len));
	}
	if (!take_word(&rest, &word) || !is_key_type(word) || !take_word(&rest, &out->command))
		return false;
	out->act = SETUP_ADMITS;
	out->key = rest;
	return true;
}

/* "user host = (root) NOPASSWD: /bin/a, /bin/b" */
static bool read_sudoers(struct setup_entry *out)
{
	ptrdiff_t tag = str_find(out->text, STR("NOPASSWD"));
	struct str rest = out->text, colon;

	if (tag < 0 || str_starts(out->text, STR("Defaults")) || !take_word(&rest, &out->user))
		return false;
	if (!str_cut(str_skip(out->text, (size_t)tag), ':', &colon, &out->command))
		return false;
	/* more tags: "NOPASSWD: SETENV: ALL" */
	while (str_starts(str_trim(out->command), STR("SETENV:")) ||
	       str_starts(str_trim(out->command), STR("NOEXEC:")))
		(void)str_cut(out->command, ':', &colon, &out->command);
	out->command = str_trim(out->command);
	out->act = SETUP_GRANTS;
	return out->command.len > 0;
}

/* -- tuning -- */

static bool read_sysctl(struct setup_entry *out)
{
	struct str key, value;
	uint64_t pages;

	if (!str_cut(out->text, '=', &key, &value))
		return false;
	key = str_trim(key);
	key = str_starts(key, STR("-")) ? str_skip(key, 1) : key;
	if (!str_equal(key, STR("vm.nr_hugepages")) && !str_equal(key, STR("vm/nr_hugepages")))
		return false;
	out->act = SETUP_TUNES;
	out->key = STR("huge pages");
	out->command = str_trim(value);
	return str_to_u64(out->command, &pages) && pages > 0;
}

static bool read_modprobe(struct setup_entry *out)
{
	struct str rest = out->text, word;

	if (!take_word(&rest, &word) || !str_equal(word, STR("options")) ||
	    !take_word(&rest, &word) || !str_equal(word, STR("msr")) ||
	    str_find(rest, STR("allow_writes=on")) < 0)
		return false;
	out->act = SETUP_TUNES;
	out->key = STR("msr");
	out->command = rest;
	return true;
}

/* RUN+="...", RUN{program}="..."; the first of a rule */
static bool read_udev(struct setup_entry *out)
{
	struct str rest = out->text;
	ptrdiff_t at;

	while ((at = str_find(rest, STR("RUN"))) >= 0) {
		struct str before = str_sub(rest, 0, (size_t)at), value, quoted, tail;
		char last = before.len > 0 ? before.at[before.len - 1] : ' ';
		rest = str_skip(rest, (size_t)at + 3);
		if ((!is_blank(last) && last != ',') || str_starts(rest, STR("{builtin}")) ||
		    !str_cut(rest, '"', &value, &quoted) || !str_ends(value, STR("=")) ||
		    value.len > 12)
			continue;
		(void)str_cut(quoted, '"', &out->command, &tail);
		out->user = STR("root");
		out->key = STR("RUN");
		return out->command.len > 0;
	}
	return false;
}

/* -- settings -- */

static bool read_setting(struct setup_reader *r, struct setup_entry *out)
{
	size_t len = 0;

	while (len < out->text.len && !is_blank(out->text.at[len]) && out->text.at[len] != '=' &&
	       out->text.at[len] != ':')
		len++;
	out->key = str_sub(out->text, 0, len);
	out->command = str_trim(str_skip(out->text, len));
	if (out->command.len > 0 && (out->command.at[0] == '=' || out->command.at[0] == ':'))
		out->command = str_trim(str_skip(out->command, 1));
	if (r->form == SETUP_SSHD && str_equal_nocase(out->key, STR("Match")))
		r->is_conditional = true;
	out->is_conditional = r->is_conditional;
	out->act = SETUP_SETS;
	return out->command.len > 0;
}

static bool read_preload(struct setup_entry *out)
{
	struct str after;

	(void)str_cut(out->text, '#', &out->command, &after);
	out->command = str_trim(out->command);
	out->act = SETUP_LOADS;
	return out->command.len > 0;
}

static bool read_entry(struct setup_reader *r, struct setup_entry *out)
{
	switch (r->form) {
	case SETUP_CRONTAB:
	case SETUP_CRONTAB_USER:
		return read_crontab(r, out);
	case SETUP_ANACRONTAB:
		return read_anacrontab(out);
	case SETUP_UNIT:
		return read_unit(r, out);
	case SETUP_SCRIPT:
	case SETUP_PROFILE:
		out->command = out->text;
		return true;
	case SETUP_PRELOAD:
		return read_preload(out);
	case SETUP_KEYS:
		return read_key(out);
	case SETUP_DESKTOP:
		return read_desktop(r, out);
	case SETUP_SUDOERS:
		return read_sudoers(out);
	case SETUP_SYSCTL:
		return read_sysctl(out);
	case SETUP_MODPROBE:
		return read_modprobe(out);
	case SETUP_UDEV:
		return read_udev(out);
	case SETUP_SSHD:
	case SETUP_SERVICE:
		return read_setting(r, out);
	default:
		return false;
	}
}

/* User= may stand behind the line it is for. */
static struct str find_user(struct str text)
{
	struct str line, user = {0};

	while (text.len > 0) {
		(void)str_cut(text, '\n', &line, &text);
		line = str_trim(line);
		if (str_starts(line, STR("User=")))
			user = str_trim(str_skip(line, 5));
	}
	return user;
}

void setup_begin(struct setup_reader *reader, enum setup_form form, struct str text)
{
	*reader = (struct setup_reader){.form = form, .rest = text};
	if (form == SETUP_UNIT)
		reader->user = find_user(text);
}

bool setup_next(struct setup_reader *reader, struct setup_entry *out)
{
	if (reader->form == SETUP_MINER)
		return false;
	for (;;) {
		*out = (struct setup_entry){.act = SETUP_RUNS};
		if (!next_logical_line(reader, out))
			return false;
		if (!is_comment(reader->form, out->text) && read_entry(reader, out))
			return true;
	}
}
