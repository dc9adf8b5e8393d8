#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/proc/maps.h"
#include "decode/proc/mounts.h"

enum { R = MAPPING_READ, W = MAPPING_WRITE, X = MAPPING_EXECUTE, S = MAPPING_SHARED };

static const struct {
	const char *name, *line, *path;
	uint64_t start, inode;
	uint32_t flags;
} lines[] = {
	{"file",
	 "55d0c0a00000-55d0c0a02000 r-xp 00001000 fe:00 1234                 /usr/bin/cat\n",
	 "/usr/bin/cat", 0x55d0c0a00000, 1234, R | X},
	{"anonymous", "7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n", "", 0x7f0000000000, 0,
	 R | W | MAPPING_ANONYMOUS},
	{"generated code", "1000-2000 rwxp 00000000 00:00 0\n", "", 0x1000, 0,
	 R | W | X | MAPPING_ANONYMOUS},
	{"heap", "1000-2000 rw-p 00000000 00:00 0                          [heap]\n", "[heap]",
	 0x1000, 0, R | W | MAPPING_HEAP | MAPPING_ANONYMOUS},
	{"stack", "1000-2000 rw-p 00000000 00:00 0 [stack]\n", "[stack]", 0x1000, 0,
	 R | W | MAPPING_STACK | MAPPING_ANONYMOUS},
	{"vdso", "1000-2000 r-xp 00000000 00:00 0 [vdso]\n", "[vdso]", 0x1000, 0,
	 R | X | MAPPING_VDSO},
	{"named anonymous", "1000-2000 rw-p 00000000 00:00 0 [anon:[heap] x]\n", "[anon:[heap] x]",
	 0x1000, 0, R | W | MAPPING_ANONYMOUS},
	{"huge pages", "1000-2000 rw-p 00000000 00:10 77 /anon_hugepage (deleted)\n",
	 "/anon_hugepage", 0x1000, 77,
	 R | W | MAPPING_HUGE_PAGES | MAPPING_ANONYMOUS | MAPPING_DELETED},
	{"hugetlbfs", "1000-2000 rw-s 00000000 00:10 77 /dev/hugepages/xmr\n", "/dev/hugepages/xmr",
	 0x1000, 77, R | W | S | MAPPING_HUGE_PAGES},
	{"deleted", "1000-2000 r-xp 00000000 fe:00 9 /tmp/x y (deleted)\n", "/tmp/x y", 0x1000, 9,
	 R | X | MAPPING_DELETED},
	{"memfd", "1000-2000 r-xp 00000000 00:01 9 /memfd:a b (deleted)\n", "/memfd:a b", 0x1000, 9,
	 R | X | MAPPING_DELETED | MAPPING_MEMFD},
	{"shared anonymous", "1000-2000 rw-s 00000000 00:01 9 /dev/zero (deleted)\n", "/dev/zero",
	 0x1000, 9, R | W | S | MAPPING_DELETED | MAPPING_ANONYMOUS},
	{"a line end in the name", "1000-2000 r--p 00000000 fe:00 9 /tmp/a\\0121000-2000\n",
	 "/tmp/a\\0121000-2000", 0x1000, 9, R},
	{"no UTF-8", "1000-2000 r--p 00000000 fe:00 9 /tmp/\xff\x1b[2J\n", "/tmp/\xff\x1b[2J",
	 0x1000, 9, R},
	{"a file called heap", "1000-2000 r--p 00000000 fe:00 9 /[heap]\n", "/[heap]", 0x1000, 9,
	 R},
	{"highest", "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n",
	 "[vsyscall]", 0xffffffffff600000, 0, X | MAPPING_VDSO},
};

static void reads_each_kind(void **state)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct str text = str_from(lines[i].line);
		struct mapping mapping;
		if (!proc_maps_next(&text, &mapping))
			fail_msg("%s is not read", lines[i].name);
		if (!str_equal(mapping.path, str_from(lines[i].path)) ||
		    mapping.start != lines[i].start || mapping.inode != lines[i].inode ||
		    mapping.flags != lines[i].flags)
			fail_msg("%s: '%.*s' flags %x", lines[i].name, STR_ARG(mapping.path),
				 mapping.flags);
		assert_false(proc_maps_next(&text, &mapping));
	}
}

static void passes_over_what_is_no_mapping(void **state)
{
	struct str text = STR("nonsense\n2000-1000 r--p 0 0:0 0\n1000-2000 r-- 0 0:0 0\n\n"
			      "1000-2000 r--p 0 0:0\n1000-2000 r--p zz 0:0 0\n"
			      "3000-4000 r--p 0 0:0 0\n5000-6000 r--p 0 0:0 0 /cut");
	struct mapping mapping;

	assert_true(proc_maps_next(&text, &mapping));
	assert_int_equal(mapping.start, 0x3000);
	assert_false(proc_maps_next(&text, &mapping));
	assert_true(str_equal(text, STR("5000-6000 r--p 0 0:0 0 /cut")));
}

static void tells_executables(void **state)
{
	static const struct {
		const char *link, *path;
		uint32_t flags;
	} links[] = {
		{"/usr/bin/x", "/usr/bin/x", 0},
		{"/usr/bin/x (deleted)", "/usr/bin/x", EXECUTABLE_DELETED},
		{"/memfd:x (deleted)", "/memfd:x", EXECUTABLE_DELETED | EXECUTABLE_MEMFD},
		{"/memfd:x", "/memfd:x", 0},
		{"/memfd: (deleted) (deleted)", "/memfd: (deleted)",
		 EXECUTABLE_DELETED | EXECUTABLE_MEMFD},
		{" (deleted)", " (deleted)", 0},
		{"", "", 0},
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct executable executable = {.inode = 7, .flags = EXECUTABLE_UNREAD};
		proc_executable_link_read(str_from(links[i].link), &executable);
		assert_true(str_equal(executable.path, str_from(links[i].path)));
		assert_int_equal(executable.flags, links[i].flags | EXECUTABLE_UNREAD);
		assert_int_equal(executable.inode, 7);
	}
}

static void finds_mounts_that_hide(void **state)
{
	static const struct {
		const char *line;
		enum proc_cover cover;
		uint32_t pid;
		int hidepid;
	} mounts[] = {
		{"22 28 0:20 / /proc rw,nosuid shared:14 - proc proc rw\n", COVER_NONE, 0, 0},
		{"22 28 0:20 / /proc rw - proc proc rw,hidepid=invisible\n", COVER_NONE, 0, 2},
		{"22 28 0:20 / /proc rw - proc proc rw,hidepid=1\n", COVER_NONE, 0, 1},
		{"30 22 0:25 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n", COVER_NONE, 0,
		 -1},
		{"30 22 0:25 / /proc/kcore ro - tmpfs tmpfs rw\n", COVER_NONE, 0, -1},
		{"99 22 254:0 /empty /proc/4242 rw,relatime - ext4 /dev/vda rw\n", COVER_PROCESS,
		 4242, -1},
		{"99 22 0:33 / /proc/4242/stat rw shared:1 master:2 - tmpfs none rw\n",
		 COVER_PROCESS, 4242, -1},
		{"99 22 0:20 /1 /proc/4242 rw - proc  rw\n", COVER_PROCESS, 4242, -1},
		{"99 22 0:33 / /proc rw - tmpfs none rw\n", COVER_ALL, 0, -1},
		{"99 22 0:20 /1 /proc rw - proc proc rw\n", COVER_ALL, 0, 0},
		{"99 22 0:33 / /proc2/1 rw - tmpfs none rw\n", COVER_NONE, 0, -1},
		{"99 22 0:33 / /proc/99999999999 rw - tmpfs none rw\n", COVER_NONE, 0, -1},
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		struct str text = str_from(mounts[i].line);
		struct proc_mount mount;
		uint32_t pid = 0;
		assert_true(proc_mounts_next(&text, &mount));
		assert_int_equal(proc_mount_covers(&mount, &pid), mounts[i].cover);
		assert_int_equal(pid, mounts[i].pid);
		assert_int_equal(proc_mount_hidepid(&mount), mounts[i].hidepid);
		assert_false(proc_mounts_next(&text, &mount));
	}
}

static void reads_the_parts_of_a_mount(void **state)
{
	struct str text =
		STR("garbage\n1 2 3\n36 35 98:1 /mnt1 /mnt\\0402 rw,noatime master:1 "
		    "shared:2 - ext3 /dev/root rw,errors=continue\n40 35 0:3 / /x rw - t");
	struct proc_mount mount;

	assert_true(proc_mounts_next(&text, &mount));
	assert_int_equal(mount.id, 36);
	assert_int_equal(mount.parent, 35);
	assert_int_equal(mount.major, 98);
	assert_int_equal(mount.minor, 1);
	assert_true(str_equal(mount.root, STR("/mnt1")));
	assert_true(str_equal(mount.point, STR("/mnt\\0402")));
	assert_true(str_equal(mount.file_system, STR("ext3")));
	assert_true(str_equal(mount.source, STR("/dev/root")));
	assert_true(str_equal(mount.super_options, STR("rw,errors=continue")));
	assert_true(proc_mounts_next(&text, &mount));
	assert_int_equal(mount.source.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_kind),
		cmocka_unit_test(passes_over_what_is_no_mapping),
		cmocka_unit_test(tells_executables),
		cmocka_unit_test(finds_mounts_that_hide),
		cmocka_unit_test(reads_the_parts_of_a_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
