package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

// Images is the image store of this node.
type Images interface {
	// Import imports an archive and returns the names of its images.
	Import(ctx context.Context, path string) ([]string, error)
	// List returns all images by name.
	List(ctx context.Context) ([]ImageInfo, error)
	// Close ends the connection.
	Close() error
}

// ImageInfo is one image under one name.
type ImageInfo struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	// Size is that of the compressed parts, bytes.
	Size int64 `json:"size"`
	// Pinned images are never collected.
	Pinned bool `json:"pinned,omitempty"`
}

func (app *App) imagesCommand() *cli.Command {
	return &cli.Command{
		Name:  "images",
		Usage: "import image archives into this node, list its images",
		Description: "Archives in <data-dir>/agent/images are imported at every start: the way for a site without a registry.\n" +
			"Mirrors and credentials of registries belong into /etc/kove/registries.yaml.\n\nEXAMPLES:\n   kove images import app.tar.zst\n   kove images list",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage("there is no command `kove images %s`; use import or list", c.Args().First())
			}
			return cli.ShowSubcommandHelp(c)
		},
		Subcommands: []*cli.Command{
			{
				Name: "import", Usage: "import archives made by `docker save`, `ctr images export` and the like", ArgsUsage: "FILE…",
				Description: "The archives may be compressed with gzip or zstd. What is imported may be collected when the disk fills up;\n" +
					"a file in <data-dir>/agent/images comes back with the next start.\n\nEXAMPLES:\n   kove images import web.tar app.tar.zst",
				Flags: pathFlags(), Action: app.importImages,
			},
			{
				Name: "list", Usage: "list the images of this node",
				Description: "EXAMPLES:\n   kove images list\n   kove images list -o json",
				Flags:       append([]cli.Flag{outputFlag()}, pathFlags()...), Action: app.listImages,
			},
		},
	}
}

func (app *App) openImages(c *cli.Context) (Images, error) {
	if app.a.Images == nil {
		return nil, errors.New("this build of kove has no containerd")
	}
	conf, err := app.local(c)
	if err != nil {
		return nil, err
	}
	socket := containerdSocket(conf)
	if _, err := os.Stat(socket); err != nil {
		return nil, exit{ExitNotRunning, fmt.Errorf("there is no %s: does kove run as a node here? (`kove status`; as root). Without it, copy archives to %s", socket, conf.Paths.Agent("images"))}
	}
	return app.a.Images(socket)
}

func (app *App) importImages(c *cli.Context) error {
	if c.NArg() == 0 {
		return usage("kove images import needs the archives to import")
	}
	images, err := app.openImages(c)
	if err != nil {
		return err
	}
	defer images.Close()
	var errs []error
	for _, path := range c.Args().Slice() {
		names, err := images.Import(c.Context, path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(app.a.Stdout, "%s: %s\n", path, strings.Join(names, " "))
	}
	return errors.Join(errs...)
}

func (app *App) listImages(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	toJSON, err := asJSON(c)
	if err != nil {
		return err
	}
	images, err := app.openImages(c)
	if err != nil {
		return err
	}
	defer images.Close()
	list, err := images.List(c.Context)
	if err != nil {
		return err
	}
	if toJSON {
		if list == nil {
			list = []ImageInfo{}
		}
		return app.printJSON(list)
	}
	w := tabwriter.NewWriter(app.a.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "IMAGE\tSIZE\tPINNED\tDIGEST")
	for _, i := range list {
		pinned := ""
		if i.Pinned {
			pinned = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.19s\n", i.Name, mib(i.Size), pinned, i.Digest)
	}
	return w.Flush()
}
