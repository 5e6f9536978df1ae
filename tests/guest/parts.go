package guest

import "context"

// Kernel returns a folder with boot/vmlinuz-* and lib/modules of Debian's cloud kernel, for runners of their own (tests/vm).
func Kernel(ctx context.Context) (string, error) { return fetchKernel(ctx) }

// Initrd makes work/initrd, which mounts /dev/vda and runs its /init.
func Initrd(ctx context.Context, kernel, work string) error { return makeInitrd(ctx, kernel, work) }
