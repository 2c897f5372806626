// The API server's own evaluator, one JSON line in and one out: what is in test/unit/cel/oracle/*.json was recorded with it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	authcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/lazy"
)

type question struct {
	Expression string         `json:"expression"`
	Claims     map[string]any `json:"claims,omitempty"`
	User       map[string]any `json:"user,omitempty"`
}

type answer struct {
	Compile string `json:"compile,omitempty"`
	Type    string `json:"type,omitempty"`
	Error   string `json:"error,omitempty"`
	Value   string `json:"value,omitempty"`
}

type accessor struct{ text string }

func (e accessor) GetExpression() string    { return e.text }
func (e accessor) ReturnTypes() []*cel.Type { return []*cel.Type{cel.AnyType} }

func object(name string, fields map[string]any) ref.Val {
	m := lazy.NewMapValue(types.NewObjectType(name))
	for k, v := range fields {
		m.Append(k, func(*lazy.MapValue) ref.Val { return types.DefaultTypeAdapter.NativeToValue(v) })
	}
	return m
}

func ask(c authcel.Compiler, q question) answer {
	compile, name, value := c.CompileClaimsExpression, "claims", object("kubernetes.claims", q.Claims)
	if q.User != nil {
		compile, name, value = c.CompileUserExpression, "user", object("kubernetes.UserInfo", q.User)
	}
	r, err := compile(accessor{q.Expression})
	if err != nil {
		return answer{Compile: err.Error()}
	}
	a := answer{Type: r.AST.OutputType().String()}
	v, _, err := r.Program.Eval(map[string]any{name: value})
	if err != nil {
		a.Error = err.Error()
		return a
	}
	a.Value = v.Type().TypeName() + " " + types.Format(v)
	return a
}

func main() {
	c := authcel.NewCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(struct {
			question
			answer
		}{q, ask(c, q)}); err != nil {
			os.Exit(1)
		}
	}
}
