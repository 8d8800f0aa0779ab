package docs_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A change of the exported surface has to be seen in review: docs/api holds one file
// for each public package, with one line for each exported name.
func TestExportedSurfaceIsInDocs(t *testing.T) {
	t.Parallel()
	var written []string
	for _, p := range packages(t) {
		local, ours := p.local()
		if !ours || !p.public() {
			continue
		}
		file := filepath.Join("api", strings.ReplaceAll(local, "/", "-")+".txt")
		written = append(written, file)
		golden(t, file, surface(t, p))
	}

	existing, err := filepath.Glob("api/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range existing {
		if slices.Contains(written, file) {
			continue
		}
		if !*update {
			t.Errorf("docs/%s belongs to no package; run `make docs`", file)
		} else if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
}

func surface(t *testing.T, p goPackage) []byte {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	d, err := doc.NewFromFiles(fset, files, p.ImportPath)
	if err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer
	fmt.Fprintf(&out, "package %s // import %q\n\n", d.Name, d.ImportPath)
	printValues(&out, d.Consts)
	printValues(&out, d.Vars)
	printFuncs(&out, d.Funcs)
	for _, typ := range d.Types {
		fmt.Fprintln(&out)
		for _, spec := range typ.Decl.Specs {
			if spec, ok := spec.(*ast.TypeSpec); ok {
				printType(&out, spec)
			}
		}
		printValues(&out, typ.Consts)
		printValues(&out, typ.Vars)
		printFuncs(&out, typ.Funcs)
		printFuncs(&out, typ.Methods)
	}
	return out.Bytes()
}

// printValues prints constants with their values, and variables without.
func printValues(out *bytes.Buffer, values []*doc.Value) {
	for _, v := range values {
		for _, spec := range v.Decl.Specs {
			spec, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range spec.Names {
				if !name.IsExported() {
					continue
				}
				fmt.Fprintf(out, "%s %s", v.Decl.Tok, name)
				if spec.Type != nil {
					fmt.Fprintf(out, " %s", types.ExprString(spec.Type))
				}
				if v.Decl.Tok == token.CONST && i < len(spec.Values) {
					fmt.Fprintf(out, " = %s", types.ExprString(spec.Values[i]))
				}
				fmt.Fprintln(out)
			}
		}
	}
}

func printFuncs(out *bytes.Buffer, funcs []*doc.Func) {
	for _, f := range funcs {
		out.WriteString("func ")
		if f.Decl.Recv != nil {
			fmt.Fprintf(out, "(%s) ", types.ExprString(f.Decl.Recv.List[0].Type))
		}
		signature := strings.TrimPrefix(types.ExprString(f.Decl.Type), "func")
		fmt.Fprintf(out, "%s%s%s\n", f.Decl.Name, typeParams(f.Decl.Type.TypeParams), signature)
	}
}

func printType(out *bytes.Buffer, spec *ast.TypeSpec) {
	equals := ""
	if spec.Assign.IsValid() {
		equals = "= "
	}
	fmt.Fprintf(out, "type %s%s %s", spec.Name, typeParams(spec.TypeParams), equals)
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		fmt.Fprintln(out, "struct")
		printFields(out, typ.Fields)
		if typ.Incomplete {
			fmt.Fprintln(out, "\t// and unexported fields")
		}
	case *ast.InterfaceType:
		fmt.Fprintln(out, "interface")
		printMethods(out, typ.Methods)
		if typ.Incomplete {
			fmt.Fprintln(out, "\t// and unexported methods")
		}
	default:
		fmt.Fprintln(out, types.ExprString(typ))
	}
}

// printFields prints one line for each field of a struct, its tag included.
func printFields(out *bytes.Buffer, fields *ast.FieldList) {
	for _, f := range fields.List {
		text := types.ExprString(f.Type)
		if f.Tag != nil {
			text += " " + f.Tag.Value
		}
		if len(f.Names) == 0 {
			fmt.Fprintf(out, "\t%s\n", text)
		}
		for _, name := range f.Names {
			fmt.Fprintf(out, "\t%s %s\n", name, text)
		}
	}
}

// printMethods prints one line for each method and each embedded type of an interface.
func printMethods(out *bytes.Buffer, methods *ast.FieldList) {
	for _, m := range methods.List {
		text := types.ExprString(m.Type)
		if len(m.Names) == 0 {
			fmt.Fprintf(out, "\t%s\n", text)
		}
		for _, name := range m.Names {
			fmt.Fprintf(out, "\t%s%s\n", name, strings.TrimPrefix(text, "func"))
		}
	}
}

func typeParams(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var params []string
	for _, field := range list.List {
		for _, name := range field.Names {
			params = append(params, name.Name+" "+types.ExprString(field.Type))
		}
	}
	return "[" + strings.Join(params, ", ") + "]"
}
