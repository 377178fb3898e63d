// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import Pinning
import Testing

/// Tests which uses of a tag in the templates of a chart rule out a digest after it.
@Suite struct TagReuseTests {
    /// Returns a Boolean value that indicates whether a tag at `web.image.tag` can hold a digest.
    private static func canHoldDigest(_ templates: [String]) throws -> Bool {
        try canHoldDigest(TagReuse(templates: templates.map { Array($0.utf8) }))
    }

    /// Returns a Boolean value that indicates whether the tag can hold a digest.
    ///
    /// - Parameters:
    ///   - reuse: The use of tags by the chart.
    ///   - rule: The shape that a rule gives to the image.
    /// - Returns: The value.
    /// - Throws: An error if the rule or the lock file is invalid.
    private static func canHoldDigest(_ reuse: TagReuse, rule: String? = nil) throws -> Bool {
        try pinned(reuse, rule: rule).newBytes != nil
    }

    private static func pinned(_ reuse: TagReuse, rule: String? = nil) throws -> PinnedFile {
        let text = "web: {image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}}\n"
        let rules = try rule.map { shape in
            try PinRules(
                parsing: Array("version: 1\nrules: [{path: web.image, shape: \(shape)}]\n".utf8))
        }
        let pinner = Pinner(try Fixture.lock("images.lock.yaml"), rules: rules ?? PinRules())
        return pinner.pin(
            Array(text.utf8), path: "values.yaml", context: FileContext(reuse: reuse))
    }

    @Test func `templates without images do not use up the limit of words`() throws {
        let action = "{{- if .Values.c0.o1 -}}\n{{- .Values.c0.o1 -}}\n{{- end -}}\n"
        let helpers = (0..<60).map { number in
            "{{ define \"h\(number)\" }}\(String(repeating: action, count: 15)){{ end }}\n"
        }
        let uses = (0..<60).map { "{{ include \"h\($0)\" . }}\n" }
        let image = "image: {{ .Values.web.image.repository }}:{{ .Values.web.image.tag }}\n"
        #expect(try Self.canHoldDigest([helpers.joined() + uses.joined(), image]))
    }

    @Test(arguments: [
        ["app.kubernetes.io/version: {{ .Values.web.image.tag | quote }}\n"],
        ["version: \"{{ $.Values.web.image.tag }}\"\n"],
        ["labels:\n  app: web\n  rev: {{ .Values.web.image.tag }}\n"],
        ["name: migrate-{{ .Values.web.image.tag }}\n"],
        ["{{- with .Values.web.image }}\nversion: {{ .tag }}\n{{- end }}\n"],
        ["{{ $image := .Values.web.image }}\nversion: {{ $image.tag }}\n"],
        ["{{- range $i, $x := list .Values.web }}\nversion: {{ $x.image.tag }}\n{{ end }}\n"],
        ["{{ if semverCompare \">=1.2\" .Values.web.image.tag }}\na: b\n{{ end }}\n"],
        ["version: {{ (index .Values \"web\").image.tag }}\n"],
        ["version: {{ pluck \"tag\" .Values.web.image .Values.image | first }}\n"],
        ["version: {{ tpl \"{{ .Values.web.image.tag }}\" . }}\n"],
        [
            "{{ define \"v\" }}{{ .Values.web.image.tag }}{{ end }}\n",
            "version: {{ tpl \"{{ include \\\"v\\\" . }}\" . }}\n",
        ],
        ["version: {{ tpl .Values.web.image.tag $ }}\n"],
        ["version: {{ index .Values.web \"image\" \"tag\" | default .Chart.AppVersion }}\n"],
        [
            "{{ define \"v\" }}{{ .Values.web.image.tag }}{{ end }}\n",
            "version: {{ include \"v\" . }}\n",
        ],
        [
            "{{ define \"v\" }}{{ .image.tag | default .root.Chart.AppVersion }}{{ end }}\n",
            "version: {{ include \"v\" (dict \"image\" .Values.web.image \"root\" $) | quote }}\n",
        ],
        [
            "{{ define \"labels\" }}\nrev: {{ .tag }}\n{{ end }}\n",
            "metadata:\n  labels: {{- include \"labels\" .Values.web.image | nindent 4 }}\n",
        ],
        [
            "{{ define \"a\" }}version: {{ include \"b\" .Values }}{{ end }}\n",
            "{{ define \"b\" }}{{ .web.image.tag }}{{ end }}\n{{ include \"a\" . }}\n",
        ],
        [
            "{{ define \"v\" }}{{ .context.Values.web.image.tag }}{{ end }}\n",
            "version: {{ include \"v\" (dict \"l\" $labels \"context\" $) }}\n",
        ],
        [
            "{{ define \"v\" }}{{ .image.tag }}{{ end }}\n",
            "version: {{ include \"v\" (dict \"n\" 1 \"s\" \"t\" \"image\" .Values.web.image) }}\n",
        ],
        ["{{ with .Values.x }}{{ else }}\nversion: {{ .Values.web.image.tag }}\n{{ end }}\n"],
        ["{{ with .Values.x }}{{ else with .Values.web }}\nversion: {{ .image.tag }}{{ end }}\n"],
        ["{{ with .x }}{{ else with $i := .Values.web }}\nversion: {{ $i.image.tag }}{{ end }}\n"],
        [
            "{{ with .Values.x }}{{ else if .Values.web.image.tag | semver }}{{ end }}\n"
        ],
        [
            (0..<40).map { "version: {{ .Values.a\($0) }}\n" }.joined()
                + "version: {{ .Values.web.image.tag }}\n"
        ],
        [
            "{{ $v := include \"v\" . }}{{ define \"v\" }}{{ .Values.web.image.tag }}{{ end }}\nversion: {{ $v }}\n"
        ],
        // A variable that a branch changes can keep its value.
        [
            "{{ $v := .Values.web.image.tag }}{{ if .x }}{{ $v = .y }}{{ end }}\nversion: {{ $v }}\n"
        ],
        [
            "{{ $v := .y }}{{ if .x }}{{ $v = .Values.web.image.tag }}{{ else }}{{ $v = .z }}{{ end }}\nversion: {{ $v }}\n"
        ],
        [
            "{{ $v := .Values.web.image.tag }}{{ if .x }}{{ $v := .y }}{{ end }}\nversion: {{ $v }}\n"
        ],
        [
            "{{ $v := .y }}{{ range .x }}\nversion: {{ $v }}\n{{ $v = $.Values.web.image.tag }}{{ end }}\n"
        ],
        [
            "{{ $v := .y }}{{ $w := .y }}{{ range .x }}\nversion: {{ $w }}\n{{ $w = $v }}{{ $v = $.Values.web.image.tag }}{{ end }}\n"
        ],
        ["{{ if $v := .Values.web.image.tag }}\nversion: {{ $v }}\n{{ end }}\n"],
        // A function removes the digest only from its own arguments.
        ["{{ if empty .x }}{{ end }}\nversion: {{ .Values.web.image.tag }}\n"],
        ["version: {{ ternary .Values.web.image.tag \"x\" (empty .Values.y) }}\n"],
        ["version: {{ if hasKey .Values \"x\" }}{{ .Values.web.image.tag }}{{ end }}\n"],
        [
            "version: {{ printf \"%s-%s\" (regexReplaceAll \"@.*\" .Values.x \"\") .Values.web.image.tag }}\n"
        ],
        ["version: {{ default (regexFind \"a\" .Values.x) .Values.web.image.tag }}\n"],
        // Not every text is a digest.
        ["version: {{ regexReplaceAll \"^v\" .Values.web.image.tag \"\" }}\n"],
        ["version: {{ regexFind \".*\" .Values.web.image.tag }}\n"],
        ["version: {{ (split \"-\" .Values.web.image.tag)._0 }}\n"],
        ["version: {{ .Values.web.image.tag | replace \"+\" \"_\" }}\n"],
        ["version: {{ .Values.web.image.tag | replace \"@\" \"-\" | trunc 63 }}\n"],
        ["version: {{ .Values.web.image.tag | replace \"@\" \"-\" | replace \":\" \"-\" }}\n"],
        ["version: {{ regexReplaceAll \"[^a-z0-9]\" .Values.web.image.tag \"-\" }}\n"],
        ["version: {{ .Values.web.image.tag | trunc 63 | quote }}\n"],
        // Elements, computed keys, and functions that read paths.
        ["{{ range $n, $x := .Values.web }}\nversion: {{ $x.tag }}\n{{ end }}\n"],
        ["{{ range .Values }}\nversion: {{ .image.tag }}\n{{ end }}\n"],
        ["version: {{ (index .Values $name).image.tag }}\n"],
        ["version: {{ (get .Values .name).image.tag }}\n"],
        ["version: {{ dig \"web\" \"image\" \"tag\" \"x\" .Values }}\n"],
        ["version: {{ .Values.web | dig \"image\" \"tag\" \"x\" }}\n"],
        // Dictionaries.
        [
            "{{ define \"v\" }}{{ .i.tag }}{{ end }}\n",
            "{{ $d := dict \"i\" .Values.web.image \"root\" $ }}\nversion: {{ include \"v\" $d }}\n",
        ],
        [
            "{{ define \"v\" }}version: {{ .tag }}{{ end }}{{ define \"t\" }}{{ .Values.web.image.tag }}{{ end }}\n",
            "{{ include \"v\" (dict \"tag\" (include \"t\" .)) }}\n",
        ],
        [
            "{{ define \"v\" }}{{ .a.b.tag }}{{ end }}\n",
            "version: {{ include \"v\" (dict \"a\" (dict \"b\" .Values.web.image)) }}\n",
        ],
        ["{{ block \"v\" .Values.web }}\nversion: {{ .image.tag }}\n{{ end }}\n"],
        // Texts and mappings below a key.
        ["version: >-\n  {{ .Values.web.image.tag }}\n"],
        ["app.kubernetes.io/version:\n  {{ .Values.web.image.tag | quote }}\n"],
        ["selector:\n  app: x\n  rev: {{ .Values.web.image.tag }}\n"],
        ["generateName: migrate-{{ .Values.web.image.tag }}-\n"],
        ["{\"name\": \"x-{{ .Values.web.image.tag }}\"}\n"],
        ["labels:\n  {{- if .x }}\n  rev: {{ .Values.web.image.tag }}\n  {{- end }}\n"],
        ["{{ \"}}\" }}\nversion: {{ .Values.web.image.tag }}\n"],
        ["{{- /* {{ .x }} */ -}}\nversion: {{ .Values.web.image.tag }}\n"],
        ["{{ printf \"a\\\"b\" }}\nversion: {{ .Values.web.image.tag }}\n"],
        // Keys in quotes.
        ["metadata:\n  \"labels\":\n    v: {{ .Values.web.image.tag }}\n"],
        ["metadata:\n  'labels':\n    v: {{ .Values.web.image.tag }}\n"],
        ["\"labels\": {\"v\": \"{{ .Values.web.image.tag }}\"}\n"],
        ["'name': x-{{ .Values.web.image.tag }}\n"],
        // Labels with the key of an image.
        ["labels:\n  image: {{ .Values.web.image.tag }}\n"],
        ["labels: {app: x, image: \"{{ .Values.web.image.tag }}\"}\n"],
        // Dictionaries that functions change.
        [
            "{{ $l := dict }}{{ $_ := set $l \"v\" .Values.web.image.tag }}\nlabels: {{ toYaml $l }}\n"
        ],
        [
            "{{ $l := dict \"l\" dict }}{{ $_ := set $l.l $k .Values.web.image.tag }}\nlabels: {{ toYaml $l.l }}\n"
        ],
        ["{{ $_ := set . \"t\" .Values.web.image.tag }}\nversion: {{ .t }}\n"],
        ["{{ $_ := set $ \"t\" .Values.web.image.tag }}\nversion: {{ $.t }}\n"],
        [
            "{{ $l := dict }}{{ $_ := merge $l (dict \"v\" .Values.web.image.tag) }}\nlabels: {{ toYaml $l }}\n"
        ],
        [
            "{{ define \"v\" }}version: {{ .t }}{{ end }}\n",
            "{{ $_ := set . \"t\" .Values.web.image.tag }}{{ include \"v\" . }}\n",
        ],
        // The output of a named template that is YAML.
        [
            "{{ define \"i\" }}tag: {{ .Values.web.image.tag }}{{ end }}\n",
            "{{ $i := include \"i\" . | fromYaml }}\nversion: {{ $i.tag }}\n",
        ],
        [
            "{{ define \"i\" }}tag: {{ .Values.web.image.tag }}{{ end }}\n",
            "{{ with include \"i\" . | fromYaml }}\nversion: {{ .tag }}\n{{ end }}\n",
        ],
        ["version: {{ tpl .Values.web.image.tag . }}\n"],
        // Named templates that are not defined.
        ["labels:\n  {{- include \"x\" (dict \"version\" .Values.web.image.tag) | nindent 2 }}\n"],
        ["labels: {{- include \"x\" (dict \"a\" (dict \"b\" .Values.web)) | nindent 2 }}\n"],
        ["version: {{ include \"x\" .Values.web.image }}\n"],
        [
            "{{ define \"v\" }}{{ include \"x\" .image }}{{ end }}\n",
            "version: {{ include \"v\" .Values.web }}\n",
        ],
        [
            "{{ define \"v\" }}{{ .Values.web.image.tag }}{{ end }}\n",
            "labels: {{- include \"x\" (dict \"version\" (include \"v\" .)) | nindent 2 }}\n",
        ],
    ])
    func `a tag that is a label, a name or a version cannot hold a digest`(
        _ templates: [String]
    ) throws {
        #expect(try !Self.canHoldDigest(templates))
    }

    @Test(arguments: [
        ["image: \"{{ .Values.web.image.repository }}:{{ .Values.web.image.tag }}\"\n"],
        ["version: {{ .Values.other.image.tag }}\n"],
        ["{{ with .Values.web }}{{ else }}\nversion: {{ .image.tag }}\n{{ end }}\n"],
        [(0..<40).map { "version: {{ .Values.a\($0) }}\n" }.joined()],
        ["image: x:{{ .Values.web.image.tag | default .Chart.AppVersion }}\n"],
        ["version: {{ regexReplaceAll \"@.*\" .Values.web.image.tag \"\" }}\n"],
        ["version: {{ (split \"@\" .Values.web.image.tag)._0 | quote }}\n"],
        [
            "version: {{ .Values.web.image.tag | replace \"@\" \"-\" | replace \":\" \"-\" | trunc 63 }}\n"
        ],
        [
            "version: {{ regexReplaceAll \"[^a-zA-Z0-9._-]\" .Values.web.image.tag \"-\" | trunc 63 | trimSuffix \"-\" }}\n"
        ],
        ["version: {{ mustRegexReplaceAllLiteral \"@sha.*\" .Values.web.image.tag \"\" }}\n"],
        ["version: {{ eq .Values.web.image.tag \"x\" | ternary .a .b }}\n"],
        ["{{ if empty .Values.web.image.tag }}\nversion: 1\n{{ end }}\n"],
        [
            "{{ $v := .Values.web.image.tag }}{{ $v = regexFind \"^[^@]+\" $v }}\nversion: {{ $v }}\n"
        ],
        [
            "{{ if .x }}{{ $v := .Values.web.image.tag }}{{ end }}{{ $v := .y }}\nversion: {{ $v }}\n"
        ],
        [
            "{{ with .x }}{{ $v := $.Values.web.image.tag }}{{ $v = regexFind \"^[^@]+\" $v }}\nversion: {{ $v }}\n{{ end }}\n"
        ],
        // Comments of the YAML text.
        ["# version: {{ .Values.web.image.tag }}\n"],
        ["a: b # version: {{ .Values.web.image.tag }}\n"],
        ["  # labels:\n  x: {{ .Values.web.image.tag }}\n"],
        [
            "{{ define \"v\" }}# {{ .Values.web.image.tag }}{{ end }}\n",
            "version: {{ include \"v\" . }}\n",
        ],
        // Text after a named template does not continue its labels.
        [
            "{{ define \"l\" }}\nlabels:\n  a: b\n{{ end }}{{ define \"i\" }}\n  x: {{ .Values.web.image.tag }}\n{{ end }}\n"
        ],
        ["{{ $l := dict \"v\" .Values.web.image.tag }}\nspec: {{ toYaml $l }}\n"],
        ["annotations:\n  linkerd.io/proxy-version: {{ .Values.web.image.tag }}\n"],
        ["{{ range .Values.web }}\nversion: {{ .image.tag }}\n{{ end }}\n"],
        ["{{/* }} version: {{ .Values.web.image.tag }} */}}\n"],
        ["version: {{ `{{ .Values.web.image.tag }}` }}\n"],
        ["versions:\n  - name: v1\n    value: {{ .Values.web.image.tag }}\n"],
        [
            "{{ define \"v\" }}{{ .Values.web.image.tag | splitList \"@\" | first }}{{ end }}\n",
            "version: {{ include \"v\" . }}\n",
        ],
        ["{{ $v := regexFind \"^[^@]+\" .Values.web.image.tag }}\nversion: {{ $v }}\n"],
        ["{{/* version: {{ .Values.web.image.tag }} */}}\n"],
        [
            "{{ define \"v\" }}{{ .Values.web.image.tag }}{{ end }}\n",
            "image: x:{{ include \"v\" . }}\n",
        ],
        ["apiVersion: {{ .Values.web.image.tag }}\n"],
        [
            "labels: {{- include \"x\" . | nindent 2 }}\nimage: {{ include \"y\" .Values.web.image }}\n"
        ],
        ["labels: {{- include \"x\" (dict \"own\" .Values.labels \"context\" $) | nindent 2 }}\n"],
        [
            "version: {{ include \"x\" (dict \"v\" (regexReplaceAll \"@.*\" .Values.web.image.tag \"\")) }}\n"
        ],
        ["labels:\n  app: web\nspec:\n  tag: {{ .Values.web.image.tag }}\n"],
        ["version: {{ .Values.web.image.tag"], ["{{ end }}{{ end }}{{ define }}{{ include }}\n"],
    ])
    func `a tag that is only used in images, or is cleaned, can hold a digest`(
        _ templates: [String]
    ) throws {
        #expect(try Self.canHoldDigest(templates))
    }

    @Test func `templates that include each other end`() throws {
        let templates = (0..<40).map { number in
            "{{ define \"t\(number)\" }}"
                + (0..<40).map { "version: {{ include \"t\($0)\" . }}\n" }.joined() + "{{ end }}\n"
        }
        #expect(try Self.canHoldDigest(templates + ["{{ include \"t0\" . }}\n"]))
    }

    @Test func `named templates of a dependency count, but not the rest of its templates`() throws {
        let label = "{{ define \"v\" }}version: {{ .Values.web.image.tag }}{{ end }}\n"
        func use(_ templates: [String], _ libraries: [String]) -> TagReuse {
            TagReuse(
                templates: templates.map { Array($0.utf8) },
                libraries: libraries.map { Array($0.utf8) })
        }
        #expect(try !Self.canHoldDigest(use(["{{ include \"v\" . }}\n"], [label])))
        #expect(try Self.canHoldDigest(use(["{{ include \"w\" . }}\n"], [label])))
        #expect(try Self.canHoldDigest(use([], ["version: {{ .Values.web.image.tag }}\n"])))
    }

    @Test func `a chart with unread templates can use every tag as a version`() throws {
        let reuse = TagReuse(templates: [], isComplete: false)
        #expect(try !Self.canHoldDigest(reuse))
        #expect(try Self.canHoldDigest(reuse, rule: "tag"))
        #expect(
            try Self.pinned(reuse).sites.map(\.reason) == [
                "not all templates of the chart were read: if its tags can have digests, add a rule "
                    + "with 'shape: tag'"
            ])
    }

    @Test func `a chart as large as the largest public ones is read completely`() throws {
        let helpers = (0..<1000).map { number in
            "{{ define \"h\(number)\" }}{{ $t := .Values.s\(number).image.tag | default .Chart.AppVersion }}"
                + "{{ .Values.s\(number).image.repository }}:{{ $t }}{{ end }}\n"
                + "{{ define \"l\(number)\" }}app: {{ include \"h\((number + 1) % 1000)\" . }}\n"
                + "{{ include \"labels\" (dict \"context\" $ \"name\" .Values.name) }}{{ end }}\n"
        }
        let labels =
            "{{ define \"labels\" }}version: {{ .context.Chart.AppVersion }}\nname: {{ .name }}{{ end }}\n"
        let manifests = (0..<1000).map { number in
            "metadata:\n  name: x\n  labels: {{- include \"l\(number)\" . | nindent 4 }}\n"
                + "spec:\n  image: {{ include \"h\(number)\" . }}\n"
                + String(repeating: "  other: {{ .Values.s\(number).other }}\n", count: 20)
        }
        let image = "image: x:{{ .Values.web.image.tag }}\n"
        #expect(try Self.canHoldDigest(helpers + manifests + [labels, image]))
    }

    @Test func `a variable that grows with each action ends`() throws {
        let growing = String(repeating: "{{ $x := $x.a }}", count: 20_000)
        let nested = String(repeating: "{{ with .a }}", count: 20_000)
        let groups = "{{ " + String(repeating: "(", count: 50_000) + " }}"
        #expect(try Self.canHoldDigest(["{{ $x := . }}\(growing)\n"]))
        let version = "version: {{ .Values.web.image.tag }}\n"
        for hostile in [growing, nested, groups] {
            #expect(try !Self.canHoldDigest(["{{ $x := . }}\(hostile)\n", version]))
        }
        // Blocks and groups beyond the limit can hide a use of any value.
        #expect(try !Self.canHoldDigest([nested]))
        let loop = "{{ $x := .Values }}{{ range .y }}{{ $x = $x.a }}\nname: {{ $x }}\n{{ end }}\n"
        #expect(try !Self.canHoldDigest([loop]))
    }

    /// Templates of a beginning, and a text that is repeated, in which `#` is the number.
    @Test(arguments: [
        ("", "{{ $a = include \"x\" (dict \"l\" $a \"r\" $a) }}\n", 40),
        ("", "{{ $a = include \"x\" $a }}\n", 40_000),
        ("{{ ", "include \"x\" (dict ", 40_000),
        ("{{ ", "index index ", 50_000),
        ("", "{{ include \"x\" .Values.a# }}\n", 10_000),
    ])
    func `calls in the arguments of calls end`(
        _ beginning: String, _ repeated: String, _ count: Int
    ) throws {
        let actions = (0..<count).map { repeated.replacing("#", with: "\($0)") }.joined()
        let templates = ["{{ $a := .Values.x }}\n\(beginning)\(actions) }}\n"]
        let version = "version: {{ .Values.web.image.tag }}\n"
        #expect(try !Self.canHoldDigest(templates + [version]))
    }

    @Test func `a chart with too many values to follow can use every tag as a version`() throws {
        let fields = (1...31).map { ".p\($0)" }.joined(separator: " ")
        let templates = (0..<8).map { number in
            "{{ define \"t\(number)\" }}version: {{ .v }}\n"
                + "{{ include \"t\(number + 1)\" (or \(fields)) }}{{ end }}\n"
        }
        #expect(try !Self.canHoldDigest(templates + ["{{ include \"t0\" . }}\n"]))
        #expect(try Self.canHoldDigest(templates.suffix(2) + ["{{ include \"t6\" . }}\n"]))
    }
}
