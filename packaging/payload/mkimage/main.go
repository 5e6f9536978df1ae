// mkimage builds a container image from files of this machine: stand-ins for images that the tests name, images for a site
// without a registry.
//
//	mkimage -ref docker.io/library/nginx:alpine -out nginx.tar -file bin/kove-sys:/kove-sys -entrypoint /kove-sys -entrypoint web
//	mkimage -ref kove.local/busybox:1 -out busybox.tar -busybox /bin/busybox -cmd /bin/sh
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/kove-io/kove/packaging/payload/oci"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "mkimage: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var img oci.Image
	flags := flag.NewFlagSet("mkimage", flag.ContinueOnError)
	ref := flags.String("ref", "", "complete reference that the image imports as")
	out := flags.String("out", "", "tar to write")
	flags.StringVar(&img.User, "user", "", "user[:group] of the process")
	flags.StringVar(&img.WorkingDir, "workdir", "/", "working directory of the process")
	list := func(name, about string, to *[]string) {
		flags.Func(name, about+", repeatable", func(s string) error { *to = append(*to, s); return nil })
	}
	list("entrypoint", "word of the entrypoint", &img.Entrypoint)
	list("cmd", "word of the default arguments", &img.Cmd)
	list("env", "K=V", &img.Env)
	add := func(name, about string, parse func(a, b string) error) {
		flags.Func(name, about+", repeatable", func(s string) error {
			a, b, ok := strings.Cut(s, ":")
			if !ok || a == "" || b == "" {
				return fmt.Errorf("%q: want two parts with a colon between", s)
			}
			return parse(a, b)
		})
	}
	add("file", "SRC:PATH, a file", func(src, dst string) error {
		f, err := fileFrom(src, dst)
		img.Files = append(img.Files, f)
		return err
	})
	add("tree", "SRC:PATH, a folder with all below it", func(src, dst string) error {
		files, err := treeFrom(src, dst)
		img.Files = append(img.Files, files...)
		return err
	})
	add("link", "PATH:TARGET, a symbolic link", func(name, target string) error {
		img.Files = append(img.Files, oci.File{Path: name, Link: target})
		return nil
	})
	flags.Func("busybox", "SRC, busybox with a link per applet, /etc/passwd and /tmp", func(src string) error {
		files, err := busybox(src)
		img.Files = append(img.Files, files...)
		img.Env = append(img.Env, "PATH=/bin")
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *ref == "" || *out == "" || flags.NArg() > 0 {
		return fmt.Errorf("want -ref, -out and no further arguments, have %q", flags.Args())
	}
	built, err := oci.Build(img)
	if err != nil {
		return err
	}
	f, err := os.Create(*out)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := built.Write(f, *ref); err != nil {
		return fmt.Errorf("writing %s: %w", *out, err)
	}
	return f.Close()
}

func fileFrom(src, dst string) (oci.File, error) {
	info, err := os.Stat(src)
	if err != nil {
		return oci.File{}, err
	}
	data, err := os.ReadFile(src)
	return oci.File{Path: dst, Mode: int64(info.Mode().Perm()), Data: data}, err
}

func treeFrom(src, dst string) ([]oci.File, error) {
	var files []oci.File
	err := filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		to := path.Join(dst, filepath.ToSlash(rel))
		switch {
		case path.Clean("/"+to) == "/":
			return nil
		case d.IsDir():
			files = append(files, oci.File{Path: to, Dir: true})
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			files = append(files, oci.File{Path: to, Link: target})
			return err
		default:
			f, err := fileFrom(p, to)
			files = append(files, f)
			return err
		}
		return nil
	})
	return files, err
}

func busybox(src string) ([]oci.File, error) {
	f, err := fileFrom(src, "bin/busybox")
	if err != nil {
		return nil, err
	}
	applets, err := exec.Command(src, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its applets: %w", src, err)
	}
	files := []oci.File{
		f,
		{Path: "etc/passwd", Data: []byte("root:x:0:0:root:/root:/bin/sh\n")},
		{Path: "etc/group", Data: []byte("root:x:0:\n")},
		{Path: "root", Dir: true, Mode: 0o700},
		{Path: "tmp", Dir: true, Mode: 0o1777},
	}
	for _, name := range strings.Fields(string(applets)) {
		if name != "busybox" {
			files = append(files, oci.File{Path: "bin/" + name, Link: "busybox"})
		}
	}
	return files, nil
}
