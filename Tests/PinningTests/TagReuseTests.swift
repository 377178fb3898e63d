// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import Pinning
import Testing

/// Tests which uses of a tag in the templates of a chart rule out a digest after it.
@Suite struct TagReuseTests {
    /// Returns a Boolean value that indicates whether a tag at `web.image.tag` can hold a digest.
    private static func canHoldDigest(_ templates: [String]) throws -> Bool {
        let text = "web: {image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}}\n"
        let context = FileContext(reuse: TagReuse(templates: templates.map { Array($0.utf8) }))
        let pinner = Pinner(try Fixture.lock("images.lock.yaml"))
        return pinner.pin(Array(text.utf8), path: "values.yaml", context: context).newBytes != nil
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
        ["version: {{ .Values.web.image.tag | replace \"@\" \"-\" | trunc 63 }}\n"],
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

    @Test func `a variable that grows with each action ends`() throws {
        let growing = String(repeating: "{{ $x := $x.a }}", count: 20_000)
        let nested = String(repeating: "{{ with .a }}", count: 20_000)
        let groups = "{{ " + String(repeating: "(", count: 50_000) + " }}"
        #expect(try Self.canHoldDigest(["{{ $x := . }}\(growing)\n", nested, groups]))
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
