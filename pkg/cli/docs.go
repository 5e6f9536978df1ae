package cli

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/kove-io/kove/pkg/config"
)

//go:generate go test -run TestDocsAreCurrent -update .

const generated = "<!-- Generated from the flags by `go generate ./pkg/cli`; do not edit. -->\n\n"

// Reference is docs/cli.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(generated + "# The commands of kove\n\n")
	b.WriteString("`kove COMMAND --help` shows the same. Options of `kove server` and `kove agent` are explained in [configuration.md](configuration.md).\n\n")
	b.WriteString("## Exit status\n\n| status | meaning |\n| --- | --- |\n")
	for _, e := range exitStatuses {
		fmt.Fprintf(&b, "| %d | %s |\n", e.status, e.text)
	}
	b.WriteString("\n`kubectl`, `crictl`, `ctr` and the OVN tools exit as they do.\n")
	for _, c := range New(Actions{}).commands() {
		if !c.Hidden && c.Name != "help" {
			command(&b, "kove", c, "##")
		}
	}
	return b.String()
}

func command(b *strings.Builder, prefix string, c *cli.Command, heading string) {
	name := prefix + " " + c.Name
	fmt.Fprintf(b, "\n%s %s\n\n%s.\n", heading, name, strings.ToUpper(c.Usage[:1])+c.Usage[1:])
	synopsis := name
	if len(c.VisibleFlags()) > 0 && !c.SkipFlagParsing {
		synopsis += " [flags]"
	}
	if c.Subcommands == nil {
		fmt.Fprintf(b, "\n    %s\n", strings.TrimSpace(synopsis+" "+c.ArgsUsage))
	}
	if c.Description != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", c.Description)
	}
	// The options of server and agent have a page of their own.
	if c.Name == string(config.Server) || c.Name == string(config.Agent) {
		var names []string
		for _, f := range c.VisibleFlags() {
			if f.Names()[0] != "help" {
				names = append(names, "`--"+f.Names()[0]+"`")
			}
		}
		fmt.Fprintf(b, "\nFlags: %s.\n", strings.Join(names, ", "))
	} else if !c.SkipFlagParsing && c.Subcommands == nil {
		table := false
		for _, f := range c.VisibleFlags() {
			d, ok := f.(cli.DocGenerationFlag)
			if !ok || f.Names()[0] == "help" {
				continue
			}
			if !table {
				b.WriteString("\n| flag | meaning |\n| --- | --- |\n")
				table = true
			}
			flag := "`--" + strings.Join(f.Names(), "`, `-") + "`"
			if d.TakesValue() {
				flag += " VALUE"
			}
			usage := d.GetUsage()
			if v := d.GetDefaultText(); v != "" && v != `""` && !strings.Contains(usage, "(default") && d.TakesValue() {
				usage += " (default: " + strings.Trim(v, `"`) + ")"
			}
			fmt.Fprintf(b, "| %s | %s |\n", flag, cell(usage))
		}
	}
	for _, sub := range c.Subcommands {
		command(b, name, sub, heading+"#")
	}
}

// ConfigReference is docs/configuration.md.
func ConfigReference() string {
	var b strings.Builder
	b.WriteString(generated + `# Configuration

Every option of ` + "`kove server` and `kove agent`" + ` has one name. It is a flag (` + "`--mtu 1400`" + `), a key of the configuration file
(` + "`mtu: 1400`" + `) and an environment variable (` + "`KOVE_MTU=1400`" + `). Later sources win:

1. the defaults below
2. ` + "`/etc/kove/config.yaml`" + `, or the file that ` + "`--config` or `KOVE_CONFIG_FILE`" + ` names
3. ` + "`/etc/kove/config.yaml.d/*.yaml`" + `, by name
4. the environment
5. flags
6. what is still open is derived from the machine

Lists are replaced as a whole by a later source; a key with a plus sign in a file adds to what earlier files said:

` + "```yaml" + `
# /etc/kove/config.yaml
node-ip: 192.0.2.10
tls-san: [edge.example.com]
disable-agent: false
` + "```" + `

` + "```yaml" + `
# /etc/kove/config.yaml.d/50-site.yaml
tls-san+: [192.0.2.200]
kubelet-arg:
  - max-pods=60
` + "```" + `

In the environment, the values of a list are separated by commas. An unknown key, a value of the wrong type, or ranges that
overlap keep kove from starting; the message names the flag, variable or line, and what to do. kove never changes its
configuration while it runs.

Secrets: prefer ` + "`token-file`" + `, a configuration file with mode 0600 or the environment to ` + "`--token`" + `: every user of the machine can
read a command line.
`)
	c := config.Default(config.Server)
	options := config.Options(c)
	for _, section := range config.Sections {
		fmt.Fprintf(&b, "\n## %s\n\n| option | for | value | default | meaning |\n| --- | --- | --- | --- | --- |\n", section)
		for _, o := range options {
			if o.Section != section || o.Ignored != "" {
				continue
			}
			var roles []string
			for _, r := range o.Roles {
				roles = append(roles, string(r))
			}
			name := "`" + o.Name + "`"
			if o.Short != "" {
				name += ", `-" + o.Short + "`"
			}
			usage := o.Usage
			if len(o.Env) > 1 || o.Name == "config" {
				usage += "; also `" + o.Env[len(o.Env)-1] + "`"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, strings.Join(roles, ", "), cell(string(o.Kind())), cell(o.Default), cell(usage))
		}
	}
	b.WriteString("\n## Accepted for k3s's sake\n\nThese do nothing; kove says so at start.\n\n| option | why |\n| --- | --- |\n")
	for _, o := range options {
		if o.Ignored != "" {
			fmt.Fprintf(&b, "| `%s` | %s |\n", o.Name, o.Ignored)
		}
	}
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
