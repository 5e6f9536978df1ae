package doctor

import "strings"

// process is a running program.
type process struct {
	pid, name string
	// command is its command line, words separated by spaces.
	command string
}

func processes(h Host) []process {
	var out []process
	for _, path := range h.Glob("/proc/[0-9]*/comm") {
		name, err := h.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		pid := strings.Split(path, "/")[2]
		command, err := h.ReadFile("/proc/" + pid + "/cmdline")
		if err != nil || len(command) == 0 {
			continue // ended, a zombie or a kernel thread
		}
		out = append(out, process{pid, strings.TrimSpace(string(name)), strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " "))})
	}
	return out
}

// own tells whether a process is kove's: kove itself, or a program of its payload.
func (p process) own(c Case) bool {
	return p.name == "kove" || strings.HasPrefix(p.name, "kove-") || strings.Contains(p.command, c.Paths.DataDir+"/") || strings.Contains(p.command, c.Paths.RunDir+"/")
}
