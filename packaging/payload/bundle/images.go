package main

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/kove-io/kove/embedded"
	"github.com/kove-io/kove/packaging/payload/oci"
)

// pauseFlags make a static program without libc, start files or anything else that differs between machines.
var pauseFlags = []string{
	"-Os", "-Wall", "-Wextra", "-Werror", "-nostdlib", "-static", "-ffreestanding", "-fno-asynchronous-unwind-tables",
	"-fno-stack-protector", "-fno-pie", "-no-pie", "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,-z,norelro", "-s",
}

// images makes the images of the payload. Their tags follow their content, so that a new kove never runs an old image under
// the name of a new one.
func (b *bundle) images() ([]entry, error) {
	pause := filepath.Join(b.cache, "bin/pause")
	args := append(append([]string{}, pauseFlags...), "-o", pause, "packaging/payload/pause/pause.c")
	if err := command(b.root, nil, "gcc", args...); err != nil {
		return nil, err
	}
	program, err := os.ReadFile(pause)
	if err != nil {
		return nil, err
	}
	sys, err := os.ReadFile(filepath.Join(b.cache, "bin/kove-sys"))
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, i := range []struct {
		name  string
		image oci.Image
	}{
		{"pause", oci.Image{
			Files:      []oci.File{{Path: "pause", Mode: 0o755, Data: program}},
			Entrypoint: []string{"/pause"},
			User:       "65535:65535",
		}},
		{"kove-sys", oci.Image{
			Files: []oci.File{
				{Path: "bin/kove-sys", Mode: 0o755, Data: sys},
				{Path: "bin/coredns", Link: "kove-sys"},
				{Path: "bin/web", Link: "kove-sys"},
				{Path: "bin/fetch", Link: "kove-sys"},
				{Path: "bin/resolve", Link: "kove-sys"},
				{Path: "bin/sleep", Link: "kove-sys"},
				{Path: "etc/passwd", Data: []byte("root:x:0:0:root:/:/\nnobody:x:65534:65534:nobody:/:/\n")},
				{Path: "etc/group", Data: []byte("root:x:0:\nnobody:x:65534:\n")},
				{Path: "tmp", Dir: true, Mode: 0o1777},
			},
			Entrypoint: []string{"/bin/kove-sys"},
			Env:        []string{"PATH=/bin"},
			WorkingDir: "/",
		}},
	} {
		built, err := oci.Build(i.image)
		if err != nil {
			return nil, err
		}
		e := entry{path: "images/" + i.name + ".tar", mode: 0o644, src: filepath.Join(b.cache, i.name+".tar"), group: "images"}
		ref := "kove.local/" + i.name + ":" + built.ContentTag()
		var tar bytes.Buffer
		if err := built.Write(&tar, ref); err != nil {
			return nil, err
		}
		if old, err := os.ReadFile(e.src); err != nil || !bytes.Equal(old, tar.Bytes()) {
			if err := os.WriteFile(e.src, tar.Bytes(), 0o644); err != nil {
				return nil, err
			}
		}
		b.refs[i.name] = embedded.Image{Ref: ref, File: e.path}
		entries = append(entries, e)
	}
	return entries, nil
}
