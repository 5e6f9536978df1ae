package app

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// feedWatchdog tells systemd that kove lives, if the unit asks for it, as long as the group of components answers. It says
// nothing about slow disks or absent servers: restarting would not mend those.
func (a *App) feedWatchdog(ctx context.Context) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		a.log.Warn("reading systemd's watchdog settings", "err", err)
	}
	if err != nil || limit == 0 {
		return
	}
	tick := time.NewTicker(limit / 6)
	defer tick.Stop()
	for {
		a.group.Pending() // blocks for ever when the group does
		if _, err := daemon.SdNotify(false, daemon.SdNotifyWatchdog); err != nil {
			a.log.Warn("telling systemd that kove lives", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
