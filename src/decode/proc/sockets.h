/*
 * /proc/PID/net/{tcp,tcp6,udp,udp6}: the sockets of that process's network namespace, whoever's
 * they are; and "socket:[123]", the link of an open one, which tells whose.
 *
 * source: proc(5); Linux net/ipv4/tcp_ipv4.c get_tcp4_sock, net/ipv6/tcp_ipv6.c get_tcp6_sock
 */
#ifndef DAVY_DECODE_PROC_SOCKETS_H
#define DAVY_DECODE_PROC_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "model/process.h"

/*
 * The next socket; the heading and lines that are no socket are passed over, and a last line
 * without its end is not taken. IPv4 and IPv6 lines are told apart by themselves.
 */
bool proc_sockets_next(struct str *rest, bool is_tcp, struct process_socket *out);

/* "socket:[123]" */
must_check bool proc_socket_link_read(struct str link, uint64_t *inode);

#endif
