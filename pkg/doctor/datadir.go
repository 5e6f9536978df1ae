package doctor

import (
	"context"
	"fmt"
)

func dataDir(_ context.Context, h Host, c Case) []Finding {
	out := directory(h, c, "data-dir", c.Paths.DataDir, uint64(c.Paths.MinFreeDisk)<<20)
	return append(out, directory(h, c, "run-dir", c.Paths.RunDir, 1<<20)...)
}

// directory checks that a directory can be made or used, with that much room.
func directory(h Host, c Case, option, path string, room uint64) []Finding {
	fatal := func(id, seen, why, remedy string) []Finding {
		return []Finding{{ID: option + "/" + id, Severity: Fatal, Seen: origin(c, option, path) + ": " + seen, Why: why, Remedy: remedy}}
	}
	dir := existing(h, path)
	info, err := h.Stat(dir)
	if err != nil {
		return fatal("unreadable", err.Error(), "kove keeps its state there", "give --"+option+" a directory that root can use")
	}
	if !info.IsDir() {
		return fatal("not-a-directory", dir+" is not a directory", "kove keeps its state there", "remove it, or give --"+option+" another path")
	}
	free, readOnly, err := h.FreeDisk(dir)
	if err != nil {
		return fatal("unreadable", err.Error(), "kove keeps its state there", "check the mount, or give --"+option+" another path")
	}
	if readOnly {
		return fatal("read-only", "its file system is mounted read-only", "kove keeps its state there", "mount it read-write (mount -o remount,rw), or give --"+option+" another path")
	}
	if err := h.Writable(dir); err != nil {
		return fatal("not-writable", fmt.Sprintf("%s cannot be written to (%v)", dir, err), "kove keeps its state there", "fix its owner and mode, or give --"+option+" another path")
	}
	if free < room {
		return fatal("disk-full", fmt.Sprintf("only %d MiB of free space", free>>20),
			fmt.Sprintf("kove needs %d MiB: databases that cannot grow lose writes, and kubelet evicts pods", room>>20),
			"free some space, give --"+option+" a larger file system, or lower --min-free-disk")
	}
	return nil
}
