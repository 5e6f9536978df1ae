package config

import "strings"

// suggest names the option that was probably meant.
func (l *loader) suggest(name string) string {
	for _, o := range l.ordered() {
		if strings.ReplaceAll(strings.ToLower(name), "_", "-") == o.Name {
			return "write " + o.Name
		}
	}
	best, distance := "", len(name)/3+1
	for _, o := range l.ordered() {
		if d := editDistance(name, o.Name); d <= distance && o.Ignored == "" && o.Applies(l.config.Role) {
			best, distance = o.Name, d-1
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "`kove " + string(l.config.Role) + " --help` lists the options"
}

func (l *loader) suggestEnv(name string) string {
	option := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "KOVE_")), "_", "-")
	s := l.suggest(option)
	if rest, ok := strings.CutPrefix(s, "did you mean "); ok {
		rest = strings.ToUpper(strings.ReplaceAll(strings.TrimSuffix(rest, "?"), "-", "_"))
		return ": did you mean KOVE_" + rest + "?"
	}
	return ""
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
