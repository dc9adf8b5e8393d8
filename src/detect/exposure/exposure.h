/*
 * Open doors of a machine: by what its set-up files and its servers say, what would let a miner in,
 * and what would let it stay. Pure: descriptors, sockets and processes are others' business.
 *
 * Verdicts: `exposure` for a door; `miner` for what would mine when it is run; `signal` for tuning
 * that others do as well.
 */
#ifndef DAVY_DETECT_EXPOSURE_EXPOSURE_H
#define DAVY_DETECT_EXPOSURE_EXPOSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "decode/setup/setup.h"
#include "model/finding.h"
#include "model/process.h"

/* Who could change a file beside root. */
enum exposure_reach { REACH_ROOT, REACH_USER, REACH_ANYBODY };

struct exposure_file {
	struct str host, path; /* as a person at this machine would name it */
	struct str inner;      /* as its own system names it; empty: the same */
	enum setup_form form;
	uint32_t mode, uid;
	enum exposure_reach reach;
	struct str weak; /* the part of the path that is; the file or a folder */
	bool is_home;	 /* in somebody's home, whose owner may write to it */
	instant now;
};

/* A finding's texts are views into what was given, and in `arena`. False: nothing to tell. */

/* Of the file itself: who could write to it; a socket that everybody may use. */
must_check bool exposure_of_file(const struct exposure_file *file, struct arena *arena,
				 struct finding *out);
/* Of one entry in it. */
must_check bool exposure_of_entry(const struct exposure_file *file, const struct setup_entry *entry,
				  struct arena *arena, struct finding *out);
/* Of a program that root runs because of the entry. */
must_check bool exposure_of_program(const struct exposure_file *file,
				    const struct setup_entry *entry,
				    const struct exposure_file *program, struct arena *arena,
				    struct finding *out);
/* A miner's settings, found by their content. */
must_check bool exposure_of_miner(const struct exposure_file *file, const struct setup_entry *pool,
				  struct arena *arena, struct finding *out);
/* Does root run what this entry of this file says, as far as the file tells? */
bool exposure_is_roots(const struct exposure_file *file, const struct setup_entry *entry);

/* sshd takes the first value of each setting: give all its files' entries in the order it reads. */
struct exposure_sshd {
	bool has_root_login, has_password, has_empty;
	bool root_may, password_may, empty_may;
	struct str place; /* of the setting to change; the caller keeps it */
};
/* True when this entry decided something: then `place` is the caller's to set. */
bool exposure_sshd_take(struct exposure_sshd *sshd, const struct setup_entry *entry);
must_check bool exposure_of_sshd(const struct exposure_sshd *sshd, const struct exposure_file *file,
				 struct arena *arena, struct finding *out);

/* -- servers -- */

/* Servers by which miners are known to come in; by the program and its arguments. */
enum exposure_door {
	DOOR_NONE,
	DOOR_DOCKER,
	DOOR_KUBELET,
	DOOR_REDIS,
	DOOR_ETCD,
	DOOR_JUPYTER,
	DOOR_YARN,
	DOOR_ELASTICSEARCH,
	DOOR_COUNT
};
enum exposure_door exposure_door_of(const struct process *process);
const char *exposure_door_name(enum exposure_door door);

/* Where its settings are: of its arguments, else where they are by default; empty: it has none. */
struct str exposure_door_settings(enum exposure_door door, const struct process *process,
				  struct arena *arena);

enum exposure_answer { EXPOSURE_NONE, EXPOSURE_FOUND, EXPOSURE_CANNOT_TELL };

/*
 * Is it open?
 *
 * process:  with its arguments and listening sockets
 * settings: text of its settings, NULL when they could not be read
 * returns:  EXPOSURE_CANNOT_TELL when it listens to others and only the settings would tell
 */
must_check enum exposure_answer exposure_of_door(struct str host, enum exposure_door door,
						 const struct process *process,
						 const struct str *settings, instant now,
						 struct arena *arena, struct finding *out);

#endif
