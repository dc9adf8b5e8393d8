#include "decode/proc/mounts.h"

#include "decode/proc/fields.h"

static bool read_device(struct str word, struct proc_mount *out)
{
	struct str major, minor;
	uint64_t high, low;

	if (!str_cut(word, ':', &major, &minor) || !str_to_u64(major, &high) ||
	    !str_to_u64(minor, &low) || high > UINT32_MAX || low > UINT32_MAX)
		return false;
	out->major = (uint32_t)high;
	out->minor = (uint32_t)low;
	return true;
}

static bool read_line(struct str line, struct proc_mount *out)
{
	struct str word;

	*out = (struct proc_mount){0};
	if (!next_number(&line, &out->id) || !next_number(&line, &out->parent) ||
	    !next_word(&line, &word) || !read_device(word, out) || !next_word(&line, &out->root) ||
	    !next_word(&line, &out->point) || !next_word(&line, &out->options))
		return false;
	do { /* any number of optional fields, then a lone hyphen */
		if (!next_word(&line, &word))
			return false;
	} while (!str_equal(word, STR("-")));
	if (!next_word(&line, &out->file_system))
		return false;
	/* A source may be empty, and then is two blanks: the last word is the options all the same.
	 */
	if (next_word(&line, &out->source) && !next_word(&line, &out->super_options)) {
		out->super_options = out->source;
		out->source = (struct str){0};
	}
	return true;
}

bool proc_mounts_next(struct str *rest, struct proc_mount *out)
{
	struct str line;

	while (next_line(rest, &line))
		if (read_line(line, out))
			return true;
	return false;
}

enum proc_cover proc_mount_covers(const struct proc_mount *mount, uint32_t *pid)
{
	struct str first, below;
	uint64_t number;

	if (str_equal(mount->point, STR("/proc"))) {
		bool is_whole = str_equal(mount->file_system, STR("proc")) &&
				str_equal(mount->root, STR("/"));
		return is_whole ? COVER_NONE : COVER_ALL;
	}
	if (!str_starts(mount->point, STR("/proc/")))
		return COVER_NONE;
	(void)str_cut(str_skip(mount->point, 6), '/', &first, &below);
	if (!str_to_u64(first, &number) || number == 0 || number > UINT32_MAX)
		return COVER_NONE;
	*pid = (uint32_t)number;
	return COVER_PROCESS;
}

int proc_mount_hidepid(const struct proc_mount *mount)
{
	static const struct {
		struct str word;
		int level;
	} levels[] = {{STR("hidepid=0"), 0}, {STR("hidepid=off"), 0},
		      {STR("hidepid=1"), 1}, {STR("hidepid=noaccess"), 1},
		      {STR("hidepid=2"), 2}, {STR("hidepid=invisible"), 2},
		      {STR("hidepid=4"), 4}, {STR("hidepid=ptraceable"), 4}};
	struct str rest = mount->super_options, option;

	if (!str_equal(mount->point, STR("/proc")) || !str_equal(mount->file_system, STR("proc")))
		return -1;
	while (rest.len) {
		(void)str_cut(rest, ',', &option, &rest);
		for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
			if (str_equal(option, levels[i].word))
				return levels[i].level;
	}
	return 0;
}
