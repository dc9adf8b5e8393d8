#include "decode/proc/browser.h"

static const struct {
	struct str file, name;
} browsers[] = {
	{STR("chromium"), STR("Chromium")},    {STR("chromium-browser"), STR("Chromium")},
	{STR("chrome"), STR("Google Chrome")}, {STR("msedge"), STR("Microsoft Edge")},
	{STR("brave"), STR("Brave")},	       {STR("opera"), STR("Opera")},
	{STR("vivaldi-bin"), STR("Vivaldi")},  {STR("vivaldi"), STR("Vivaldi")},
	{STR("firefox"), STR("Firefox")},      {STR("firefox-bin"), STR("Firefox")},
	{STR("firefox-esr"), STR("Firefox")},  {STR("librewolf"), STR("LibreWolf")},
};

static bool is_between(char c)
{
	return c == ' ' || c == '\0';
}

/* The next word; a word that itself has blanks comes in pieces. */
static bool next_word(struct str *rest, struct str *word)
{
	size_t from = 0;

	while (from < rest->len && is_between(rest->at[from]))
		from++;
	size_t to = from;
	while (to < rest->len && !is_between(rest->at[to]))
		to++;
	*word = str_sub(*rest, from, to - from);
	*rest = str_skip(*rest, to);
	return word->len > 0;
}

/* The first word that is an option; what is before it is the program, with blanks or without. */
static struct str first_option(struct str arguments, struct str *rest)
{
	struct str word;

	*rest = arguments;
	(void)next_word(rest, &word);
	while (next_word(rest, &word))
		if (word.at[0] == '-')
			return word;
	return (struct str){0};
}

static bool has_word(struct str arguments, struct str wanted)
{
	struct str word;

	while (next_word(&arguments, &word))
		if (str_equal(word, wanted))
			return true;
	return false;
}

static enum browser_role role_in_firefox(struct str rest)
{
	struct str word, last = {0};

	while (next_word(&rest, &word))
		last = word;
	return str_equal(last, STR("tab")) ? BROWSER_PAGE : BROWSER_PART;
}

enum browser_role proc_browser_role(struct str arguments)
{
	struct str rest, option = first_option(arguments, &rest);

	if (str_equal(option, STR("-contentproc")))
		return role_in_firefox(rest);
	if (!str_starts(option, STR("--type=")))
		return BROWSER_NONE;
	if (!str_equal(option, STR("--type=renderer")))
		return BROWSER_PART;
	return has_word(rest, STR("--extension-process")) ? BROWSER_EXTENSION : BROWSER_PAGE;
}

/* An address of a page, as a browser is given some at its end. */
static bool is_address(struct str text)
{
	struct str word;

	return next_word(&text, &word) &&
	       (str_find(word, STR("://")) >= 0 || str_starts(word, STR("about:")));
}

/*
 * The value of "--user-data-dir=": up to the next option or address, for a folder's name may have
 * blanks.
 */
static struct str value_of(struct str arguments, struct str option)
{
	ptrdiff_t at = str_find(arguments, option);
	size_t len = 0;

	if (at < 0)
		return (struct str){0};
	struct str value = str_skip(arguments, (size_t)at + option.len);
	while (len < value.len && value.at[len] != '\0' && value.at[len] != '\n' &&
	       !str_starts(str_skip(value, len), STR(" -")) &&
	       !(value.at[len] == ' ' && is_address(str_skip(value, len))))
		len++;
	return str_trim(str_sub(value, 0, len));
}

static struct str profile_of(enum browser_engine engine, struct str own, struct str browsers_own)
{
	static const struct str options[][3] = {
		[ENGINE_CHROMIUM] = {STR(" --user-data-dir="), {0}, {0}},
		[ENGINE_FIREFOX] = {STR(" --profile "), STR(" -profile "), STR(" -P ")},
	};

	for (size_t i = 0; i < 3; i++) {
		struct str option = options[engine][i];
		if (option.len == 0)
			break;
		struct str value = value_of(own, option);
		if (value.len == 0)
			value = value_of(browsers_own, option);
		if (value.len > 0)
			return value;
	}
	return (struct str){0};
}

/* Empty: no browser of those known by name. */
static struct str known_name(struct str file)
{
	for (size_t i = 0; i < sizeof(browsers) / sizeof(*browsers); i++)
		if (str_equal(file, browsers[i].file))
			return browsers[i].name;
	return (struct str){0};
}

bool proc_browser_is_named(struct str path)
{
	return known_name(str_file_name(path)).len > 0;
}

static struct str name_of(struct str path)
{
	struct str file = str_file_name(path), name = known_name(file);

	return name.len > 0 ? name : file;
}

/* A worker without rights cannot read the link of a parent: then what it calls itself has to do. */
static bool runs_same(const struct ancestor *a, struct str path)
{
	struct str rest = a->arguments, word;

	if (a->executable.len > 0)
		return str_equal(a->executable, path);
	if (str_starts(a->arguments, path) &&
	    (a->arguments.len == path.len || is_between(a->arguments.at[path.len])))
		return true;
	return next_word(&rest, &word) && str_equal(str_file_name(word), str_file_name(path));
}

/* The nearest parent of the same program that is no part of a browser itself. */
static const struct ancestor *main_of(const struct process *process)
{
	for (size_t i = 0; i < process->ancestor_count; i++) {
		const struct ancestor *a = &process->ancestors[i];
		if (!runs_same(a, process->executable.path))
			return NULL;
		if (proc_browser_role(a->arguments) == BROWSER_NONE)
			return a;
	}
	return NULL;
}

void proc_browser_read(const struct process *process, struct browser_process *out)
{
	struct str rest;
	enum browser_role role = proc_browser_role(process->arguments);

	*out = (struct browser_process){0};
	if (role == BROWSER_NONE || process->executable.path.len == 0)
		return;
	const struct ancestor *browser = main_of(process);
	if (!browser || browser->key.pid == 0)
		return;
	/* Firefox tells its extensions' process from a tab's by nothing but this */
	out->role = str_equal(process->name, STR("WebExtensions")) ? BROWSER_EXTENSION : role;
	out->engine = str_starts(first_option(process->arguments, &rest), STR("-contentproc"))
			      ? ENGINE_FIREFOX
			      : ENGINE_CHROMIUM;
	out->name = name_of(process->executable.path);
	out->profile = profile_of(out->engine, process->arguments, browser->arguments);
	out->main_pid = browser->key.pid;
}
