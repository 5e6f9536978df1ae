package doctor

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// validate compares JSON with docs/doctor.schema.json. It knows the keywords that the schema uses and refuses others.
func validate(data []byte) error {
	schema, err := loadSchema()
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	return schema.check("", schema.root, v)
}

type schema struct{ root map[string]any }

func loadSchema() (*schema, error) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "doctor.schema.json"))
	if err != nil {
		return nil, err
	}
	s := &schema{}
	return s, json.Unmarshal(data, &s.root)
}

func (s *schema) check(path string, rule map[string]any, v any) error {
	for keyword, arg := range rule {
		switch keyword {
		case "$schema", "$id", "title", "description":
		case "type":
			if got := kind(v); got != arg {
				return fmt.Errorf("%s is %s, not %v", path, got, arg)
			}
		case "enum":
			if !slices.Contains(arg.([]any), v) {
				return fmt.Errorf("%s: %v is none of %v", path, v, arg)
			}
		case "minLength":
			if text, ok := v.(string); ok && float64(len(text)) < arg.(float64) {
				return fmt.Errorf("%s is too short", path)
			}
		case "minimum":
			if n, ok := v.(float64); ok && n < arg.(float64) {
				return fmt.Errorf("%s: %v is less than %v", path, n, arg)
			}
		case "minItems":
			if list, ok := v.([]any); ok && float64(len(list)) < arg.(float64) {
				return fmt.Errorf("%s has too few items", path)
			}
		case "required":
			for _, name := range arg.([]any) {
				if object, ok := v.(map[string]any); ok && object[name.(string)] == nil {
					return fmt.Errorf("%s lacks %v", path, name)
				}
			}
		case "properties":
			object, ok := v.(map[string]any)
			if !ok {
				continue
			}
			for name, member := range object {
				sub, ok := arg.(map[string]any)[name].(map[string]any)
				if !ok {
					return fmt.Errorf("%s.%s is not in the schema", path, name)
				}
				if err := s.check(path+"."+name, sub, member); err != nil {
					return err
				}
			}
		case "items":
			list, ok := v.([]any)
			if !ok {
				continue
			}
			for i, item := range list {
				if err := s.check(fmt.Sprintf("%s[%d]", path, i), arg.(map[string]any), item); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("the schema uses %s, which this test does not know", keyword)
		}
	}
	return nil
}

func kind(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	}
	return "null"
}

func TestSchemaRefuses(t *testing.T) {
	good := `{"node":"n","roles":["server"],"running":false,"fatal":0,"warnings":0,"notes":0,"findings":[],"checks":[{"name":"root","state":"ok"}]}`
	if err := validate([]byte(good)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		`[]`, `{}`,
		`{"node":"n","roles":["boss"],"running":false,"fatal":0,"warnings":0,"notes":0,"findings":[],"checks":[{"name":"root","state":"ok"}]}`,
		`{"node":"n","roles":["server"],"running":false,"fatal":-1,"warnings":0,"notes":0,"findings":[],"checks":[{"name":"root","state":"ok"}]}`,
		`{"node":"n","roles":["server"],"running":false,"fatal":0,"warnings":0,"notes":0,"findings":[{"id":"x"}],"checks":[{"name":"root","state":"ok"}]}`,
		`{"node":"n","roles":["server"],"running":false,"fatal":0,"warnings":0,"notes":0,"findings":null,"checks":[{"name":"root","state":"ok"}]}`,
	} {
		if validate([]byte(bad)) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}
