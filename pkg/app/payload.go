package app

import (
	"github.com/kove-io/kove/embedded"
	"github.com/kove-io/kove/pkg/install"
)

// unpack puts the payload's programs onto the disk, unless they are there.
func (a *App) unpack() error {
	m, err := embedded.Manifest()
	if err != nil {
		return err
	}
	root, err := install.Unpack(a.config.Paths.DataDir)
	if err != nil {
		return err
	}
	a.log.Info("the payload is unpacked", "root", root)
	a.payload = m
	return nil
}

// pauseImage is the image of pod sandboxes.
func (a *App) pauseImage() string {
	if image := a.config.Node.PauseImage; image != "" {
		return image
	}
	return a.payload.Images["pause"].Ref
}

// systemImage is the image of system pods.
func (a *App) systemImage() (string, error) {
	m, err := embedded.Manifest()
	if err != nil {
		return "", err
	}
	return m.Images["kove-sys"].Ref, nil
}
