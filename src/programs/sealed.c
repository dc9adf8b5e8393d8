#include "programs/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "programs/write_all.h"

int sealed_make(const char *name, struct str bytes)
{
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	int r = -write_all(fd, bytes);
	if (r == 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

bool sealed_map(int descriptor, struct str *out)
{
	struct stat is;
	void *at = MAP_FAILED;

	if (fstat(descriptor, &is) == 0 && is.st_size > 0)
		at = mmap(NULL, (size_t)is.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	close(descriptor);
	if (at == MAP_FAILED)
		return false;
	*out = str_of(at, (size_t)is.st_size);
	return true;
}
