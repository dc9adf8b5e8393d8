/*
 * The files of a machine that start programs, or let somebody in: crontabs, units, scripts of init
 * and of shells, keys, rights. One entry at a time, as it stands, with its line, what it runs and
 * who runs it. What a shell would make of it is setup_command.h's, the way to take one entry out
 * again setup_remedy.h's.
 *
 * Whoever got in wrote these files, so they are as hostile as packets: read in one pass, without
 * memory, and what is no entry is passed over.
 *
 * source: crontab(5), anacrontab(5), systemd.service(5), systemd.syntax(7), ld.so(8), sshd(8),
 *         sudoers(5), sysctl.d(5), modprobe.d(5), udev(7), the Desktop Entry specification
 */
#ifndef DAVY_DECODE_SETUP_SETUP_H
#define DAVY_DECODE_SETUP_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/json.h"
#include "base/str.h"

/* How a file is read: told by where it lies. */
enum setup_form {
	SETUP_CRONTAB,	    /* with a column for the user: /etc/crontab, /etc/cron.d */
	SETUP_CRONTAB_USER, /* without: /var/spool/cron */
	SETUP_ANACRONTAB,
	SETUP_UNIT,	/* systemd: services, timers, their drop-ins */
	SETUP_SCRIPT,	/* of a shell, run whole: cron.daily, init.d, rc.local, at jobs */
	SETUP_PROFILE,	/* of a shell, at each login */
	SETUP_PRELOAD,	/* /etc/ld.so.preload */
	SETUP_KEYS,	/* authorized_keys */
	SETUP_DESKTOP,	/* XDG autostart */
	SETUP_SUDOERS,	/* only what asks for no password */
	SETUP_SYSCTL,	/* only what mining tunes */
	SETUP_MODPROBE, /* only what mining tunes */
	SETUP_UDEV,
	SETUP_SSHD,
	SETUP_SERVICE, /* settings of a server: "key value", "key: value", "key = value" */
	SETUP_MINER,   /* JSON that may be a miner's settings: setup_miner_find() */
	SETUP_FORM_COUNT
};

const char *setup_form_name(enum setup_form form); /* "cron", "systemd" ...; of facts */

enum setup_act {
	SETUP_RUNS,   /* `command` */
	SETUP_TIMES,  /* `when` a unit's timer goes off */
	SETUP_LOADS,  /* the library `command` into every program */
	SETUP_ADMITS, /* whoever has the key `command`; `key`, options in `when` */
	SETUP_GRANTS, /* `user` may run `command` as another without a password */
	SETUP_TUNES,  /* the machine as mining wants it: `key` is huge pages or msr */
	SETUP_SETS,   /* `key` to `command` */
};

struct setup_entry {
	enum setup_act act;
	uint32_t line, last_line; /* from 1 on; of an entry that goes on over several lines */
	struct str text;	  /* as it stands, all its lines */
	struct str user;	  /* who runs it; empty: it does not say */
	struct str when;	  /* "@reboot", the five columns, "OnBootSec=5min" */
	struct str command, key;
	bool is_conditional; /* sshd: inside of a Match */
};

struct setup_reader {
	enum setup_form form;
	struct str rest;
	struct str section; /* of a unit or a desktop entry */
	struct str user;    /* of a unit: User= */
	uint32_t line;
	bool is_conditional;
};

/* `text` is borrowed; entries have views into it. */
void setup_begin(struct setup_reader *reader, enum setup_form form, struct str text);
/* The next entry; false at the end. Of SETUP_MINER there are none. */
bool setup_next(struct setup_reader *reader, struct setup_entry *out);

/*
 * Is this JSON, whatever its name, the settings of a miner: a pool with a user, and a word that
 * only miners have? Read tolerantly, as miners do.
 *
 * nodes:   of the caller; 512 are enough for any such file
 * out:     text and line of the pool, `command` its URL, `user` the login
 */
must_check bool setup_miner_find(struct str text, struct json_node *nodes, uint32_t cap,
				 struct setup_entry *out);

enum { SETUP_FINGERPRINT_LEN = 50 }; /* "SHA256:" and 43 letters */
/* As ssh-keygen -l shows it; false when `base64` is no key. */
must_check bool setup_key_fingerprint(struct str base64, char out[SETUP_FINGERPRINT_LEN + 1]);

#endif
