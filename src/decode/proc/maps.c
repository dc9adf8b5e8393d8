#include "decode/proc/maps.h"

#include "decode/proc/fields.h"

bool proc_path_is_deleted(struct str *path)
{
	const struct str mark = STR(" (deleted)");

	if (path->len <= mark.len || path->at[0] != '/' || !str_ends(*path, mark))
		return false;
	path->len -= mark.len;
	return true;
}

bool proc_path_is_memfd(struct str path)
{
	return str_starts(path, STR("/memfd:"));
}

void proc_executable_link_read(struct str link, struct executable *out)
{
	bool is_deleted = proc_path_is_deleted(&link);

	out->path = link;
	out->flags &= ~(uint32_t)(EXECUTABLE_DELETED | EXECUTABLE_MEMFD);
	if (is_deleted)
		out->flags |= EXECUTABLE_DELETED;
	/* A file called so in / would not be deleted, unless root made fun of us. */
	if (is_deleted && proc_path_is_memfd(link))
		out->flags |= EXECUTABLE_MEMFD;
}

/* "r-xp" */
static bool read_rights(struct str word, uint32_t *flags)
{
	if (word.len != 4)
		return false;
	*flags = (word.at[0] == 'r' ? MAPPING_READ : 0) | (word.at[1] == 'w' ? MAPPING_WRITE : 0) |
		 (word.at[2] == 'x' ? MAPPING_EXECUTE : 0) |
		 (word.at[3] == 's' ? MAPPING_SHARED : 0);
	return true;
}

/* "[heap]" and the like: no path of a file, for those begin with '/'. */
static uint32_t flags_of_name(struct str name)
{
	if (str_equal(name, STR("[heap]")))
		return MAPPING_HEAP | MAPPING_ANONYMOUS;
	if (str_equal(name, STR("[stack]")) || str_starts(name, STR("[stack:")))
		return MAPPING_STACK | MAPPING_ANONYMOUS;
	if (str_equal(name, STR("[vdso]")) || str_starts(name, STR("[vvar")) ||
	    str_equal(name, STR("[vsyscall]")) || str_equal(name, STR("[sigpage]")))
		return MAPPING_VDSO;
	if (str_starts(name, STR("[anon:")) || str_starts(name, STR("[anon_shmem:")))
		return MAPPING_ANONYMOUS;
	return 0;
}

/* Memory that the kernel keeps as a file, but that never was one. */
static uint32_t flags_of_path(struct str *path)
{
	bool is_deleted = proc_path_is_deleted(path);
	uint32_t flags = is_deleted ? MAPPING_DELETED : 0;

	if (is_deleted && proc_path_is_memfd(*path))
		return flags | MAPPING_MEMFD;
	if (is_deleted && str_equal(*path, STR("/anon_hugepage")))
		flags |= MAPPING_HUGE_PAGES | MAPPING_ANONYMOUS;
	if (str_starts(*path, STR("/dev/hugepages/")))
		flags |= MAPPING_HUGE_PAGES;
	if (is_deleted && (str_equal(*path, STR("/dev/zero")) || str_starts(*path, STR("/SYSV"))))
		flags |= MAPPING_ANONYMOUS;
	return flags;
}

static bool read_line(struct str line, struct mapping *out)
{
	struct str range, start, end, rights, word, device;

	*out = (struct mapping){0};
	if (!next_word(&line, &range) || !str_cut(range, '-', &start, &end) ||
	    !str_hex_to_u64(start, &out->start) || !str_hex_to_u64(end, &out->end) ||
	    out->end <= out->start)
		return false;
	if (!next_word(&line, &rights) || !read_rights(rights, &out->flags) ||
	    !next_word(&line, &word) || !str_hex_to_u64(word, &out->offset) ||
	    !next_word(&line, &device) || !next_number(&line, &out->inode))
		return false;
	while (line.len && line.at[0] == ' ') /* columns are filled up; a path begins with '/' */
		line = str_skip(line, 1);
	out->path = line;
	if (line.len == 0)
		out->flags |= MAPPING_ANONYMOUS;
	else if (line.at[0] == '/')
		out->flags |= flags_of_path(&out->path);
	else if (out->inode == 0)
		out->flags |= flags_of_name(line);
	return true;
}

bool proc_maps_next(struct str *rest, struct mapping *out)
{
	while (str_find_byte(*rest, '\n') >= 0) {
		struct str line;
		(void)next_line(rest, &line);
		if (read_line(line, out))
			return true;
	}
	return false;
}
