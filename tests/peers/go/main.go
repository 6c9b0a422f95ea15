// Shows how Kubernetes (sigs.k8s.io/yaml, its yaml.v2) and newer Go programs (yaml.v3) read texts.
//
// Reads one JSON string a line and answers each with a JSON string that is the same for the same values, or with null
// where the reader refuses the text. Empty documents are left out.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	v2 "go.yaml.in/yaml/v2"
	v3 "go.yaml.in/yaml/v3"
)

type decoder interface{ Decode(any) error }

type images []any

func isKustomization(kind any) bool { return kind == "Kustomization" || kind == "Component" }

func main() {
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		var text string
		if err := json.Unmarshal([]byte(line), &text); err != nil {
			panic(err)
		}
		if err := out.Encode(read(text)); err != nil {
			panic(err)
		}
	}
}

func read(text string) *string {
	var all decoder = v2.NewDecoder(strings.NewReader(text))
	if os.Args[1] == "v3" {
		all = v3.NewDecoder(strings.NewReader(text))
	}
	documents := []string{}
	for {
		var document any
		err := all.Decode(&document)
		if errors.Is(err, io.EOF) {
			shown := strings.Join(documents, "\n")
			return &shown
		}
		if err != nil {
			return nil
		}
		if document != nil {
			documents = append(documents, shown(document))
		}
	}
}

func shown(value any) string {
	switch value := value.(type) {
	case map[any]any:
		if list, ok := value["images"].([]any); ok && isKustomization(value["kind"]) {
			value["images"] = images(list)
		}
		return entries(value)
	case map[string]any:
		if list, ok := value["images"].([]any); ok && isKustomization(value["kind"]) {
			value["images"] = images(list)
		}
		return entries(value)
	case []any:
		items := []string{}
		for _, item := range value {
			items = append(items, shown(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case images:
		// The images of a kustomization have no order.
		items := []string{}
		for _, item := range value {
			items = append(items, shown(item))
		}
		sort.Strings(items)
		return "{" + strings.Join(items, ", ") + "}"
	default:
		return fmt.Sprintf("%T %#v", value, fmt.Sprint(value))
	}
}

func entries[K comparable](values map[K]any) string {
	items := []string{}
	for key, value := range values {
		items = append(items, shown(key)+": "+shown(value))
	}
	sort.Strings(items)
	return "{" + strings.Join(items, ", ") + "}"
}
