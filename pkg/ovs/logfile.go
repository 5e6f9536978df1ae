package ovs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// The programs write their logs themselves and for ever; an edge machine's disk is small. A log that has grown over maxLog
// is set aside as FILE.1, so that a program keeps at most twice that.
const (
	maxLog   = 16 << 20
	logCheck = 10 * time.Minute
)

func rotate(ctx context.Context, file, ctl string, limit int64) error {
	fi, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) || (err == nil && fi.Size() <= limit) {
		return nil
	}
	if err == nil {
		err = os.Rename(file, file+".1")
	}
	if err != nil {
		return fmt.Errorf("setting aside %s: %w", file, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err = Unixctl(ctx, ctl, "vlog/reopen")
	return err
}
