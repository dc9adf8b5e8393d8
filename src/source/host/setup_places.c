#include "source/host/setup_places.h"

#include <stddef.h>

#define UNITS                                 \
	{                                     \
		".service", ".timer", ".conf" \
	}
#define CONF            \
	{               \
		".conf" \
	}
#define UNITS_IN(folder)                            \
	{                                           \
		folder, SETUP_UNIT, 2, false, UNITS \
	}

const struct setup_place setup_places[] = {
	{"/etc/crontab", SETUP_CRONTAB, 0, false, {NULL}},
	{"/etc/cron.d", SETUP_CRONTAB, 1, false, {NULL}},
	{"/var/spool/cron/crontabs", SETUP_CRONTAB_USER, 1, false, {NULL}},
	{"/var/spool/cron/tabs", SETUP_CRONTAB_USER, 1, false, {NULL}},
	{"/var/spool/cron", SETUP_CRONTAB_USER, 1, false, {NULL}},
	{"/etc/crontabs", SETUP_CRONTAB_USER, 1, false, {NULL}},
	{"/etc/anacrontab", SETUP_ANACRONTAB, 0, false, {NULL}},
	{"/etc/cron.hourly", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/cron.daily", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/cron.weekly", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/cron.monthly", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/cron.yearly", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/periodic", SETUP_SCRIPT, 2, false, {NULL}},
	{"/var/spool/cron/atjobs", SETUP_SCRIPT, 1, false, {NULL}},
	{"/var/spool/at", SETUP_SCRIPT, 1, false, {NULL}},
	UNITS_IN("/etc/systemd/system"),
	UNITS_IN("/run/systemd/system"),
	UNITS_IN("/usr/local/lib/systemd/system"),
	UNITS_IN("/usr/lib/systemd/system"),
	UNITS_IN("/lib/systemd/system"),
	UNITS_IN("/etc/systemd/user"),
	{"/etc/rc.local", SETUP_SCRIPT, 0, false, {NULL}},
	{"/etc/rc.d/rc.local", SETUP_SCRIPT, 0, false, {NULL}},
	{"/etc/init.d", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/rc.d/init.d", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/local.d", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/profile", SETUP_PROFILE, 0, false, {NULL}},
	{"/etc/profile.d", SETUP_PROFILE, 1, false, {NULL}},
	{"/etc/bash.bashrc", SETUP_PROFILE, 0, false, {NULL}},
	{"/etc/bashrc", SETUP_PROFILE, 0, false, {NULL}},
	{"/etc/environment", SETUP_PROFILE, 0, false, {NULL}},
	{"/etc/zsh", SETUP_PROFILE, 1, false, {NULL}},
	{"/etc/update-motd.d", SETUP_SCRIPT, 1, false, {NULL}},
	{"/etc/ld.so.preload", SETUP_PRELOAD, 0, false, {NULL}},
	{"/etc/xdg/autostart", SETUP_DESKTOP, 1, false, {".desktop"}},
	{"/etc/sudoers", SETUP_SUDOERS, 0, false, {NULL}},
	{"/etc/sudoers.d", SETUP_SUDOERS, 1, false, {NULL}},
	{"/etc/sysctl.conf", SETUP_SYSCTL, 0, false, {NULL}},
	{"/etc/sysctl.d", SETUP_SYSCTL, 1, false, CONF},
	{"/run/sysctl.d", SETUP_SYSCTL, 1, false, CONF},
	{"/etc/modprobe.d", SETUP_MODPROBE, 1, false, CONF},
	{"/etc/udev/rules.d", SETUP_UDEV, 1, false, {".rules"}},
	{"/run/udev/rules.d", SETUP_UDEV, 1, false, {".rules"}},
	{"/etc/ssh/sshd_config.d", SETUP_SSHD, 1, false, CONF},
	{"/etc/ssh/sshd_config", SETUP_SSHD, 0, false, {NULL}},
	{"/etc/docker/daemon.json", SETUP_SERVICE, 0, false, {NULL}},
	{"/var/run/docker.sock", SETUP_SERVICE, 0, false, {NULL}},
	{"/tmp", SETUP_MINER, 3, true, {NULL}},
	{"/var/tmp", SETUP_MINER, 3, true, {NULL}},
	{"/dev/shm", SETUP_MINER, 3, true, {NULL}},
	{"/opt", SETUP_MINER, 3, true, {".json", ".conf", ".txt"}},
	{"/srv", SETUP_MINER, 2, true, {".json", ".conf", ".txt"}},
	{"/etc", SETUP_MINER, 2, true, {".json"}},
	{"/usr/local", SETUP_MINER, 3, true, {".json"}},
	{NULL, 0, 0, false, {NULL}},
};

const struct setup_place setup_home_places[] = {
	{".bashrc", SETUP_PROFILE, 0, false, {NULL}},
	{".bash_profile", SETUP_PROFILE, 0, false, {NULL}},
	{".bash_login", SETUP_PROFILE, 0, false, {NULL}},
	{".bash_logout", SETUP_PROFILE, 0, false, {NULL}},
	{".profile", SETUP_PROFILE, 0, false, {NULL}},
	{".zshrc", SETUP_PROFILE, 0, false, {NULL}},
	{".zprofile", SETUP_PROFILE, 0, false, {NULL}},
	{".xprofile", SETUP_PROFILE, 0, false, {NULL}},
	{".ssh/authorized_keys", SETUP_KEYS, 0, false, {NULL}},
	{".ssh/authorized_keys2", SETUP_KEYS, 0, false, {NULL}},
	{".ssh/rc", SETUP_SCRIPT, 0, false, {NULL}},
	{".config/systemd/user", SETUP_UNIT, 2, false, UNITS},
	{".config/autostart", SETUP_DESKTOP, 1, false, {".desktop"}},
	{".", SETUP_MINER, 2, true, {".json"}},
	{NULL, 0, 0, false, {NULL}},
};

/* Services have homes, too: a key in that of Redis is a way in that was used often. */
const char *const setup_homes[] = {"/root", "/home/", "/var/lib/", "/var/www", "/srv/", NULL};
