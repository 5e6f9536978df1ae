package program

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// becomeUser gives up root for USER:GROUP, USER or :GROUP (ovn-northd(8), --user).
func becomeUser(spec string) error {
	if os.Getuid() != 0 {
		return errors.New("--user: only root may run as someone else")
	}
	name, groupName, hasGroup := strings.Cut(spec, ":")
	uid, gid := os.Getuid(), os.Getgid()
	var groups []int
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return fmt.Errorf("--user %s: %w", spec, err)
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return fmt.Errorf("--user %s: %w", spec, err)
		}
		if gid, err = strconv.Atoi(u.Gid); err != nil {
			return fmt.Errorf("--user %s: %w", spec, err)
		}
		ids, err := u.GroupIds()
		if err != nil {
			return fmt.Errorf("--user %s: %w", spec, err)
		}
		for _, id := range ids {
			if n, err := strconv.Atoi(id); err == nil {
				groups = append(groups, n)
			}
		}
	}
	if hasGroup && groupName != "" {
		g, err := user.LookupGroup(groupName)
		if err != nil {
			return fmt.Errorf("--user %s: %w", spec, err)
		}
		if gid, err = strconv.Atoi(g.Gid); err != nil {
			return fmt.Errorf("--user %s: %w", spec, err)
		}
	}
	if err := syscall.Setgroups(groups); err != nil {
		return fmt.Errorf("--user %s: setting groups: %w", spec, err)
	}
	if err := syscall.Setgid(gid); err != nil {
		return fmt.Errorf("--user %s: setting group %d: %w", spec, gid, err)
	}
	if err := syscall.Setuid(uid); err != nil {
		return fmt.Errorf("--user %s: setting user %d: %w", spec, uid, err)
	}
	return nil
}
