// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@Suite struct ReferenceTests {
    private static let hex = String(repeating: "0123456789abcdef", count: 4)
    private static let digest = "sha256:\(hex)"

    /// The input, the full name of the repository, the tag, and whether there is a digest.
    struct Case: CustomTestStringConvertible {
        let text: String
        let name: String
        let tag: String?
        let hasDigest: Bool

        init(_ text: String, _ name: String, _ tag: String? = nil, hasDigest: Bool = false) {
            self.text = text
            self.name = name
            self.tag = tag
            self.hasDigest = hasDigest
        }

        var testDescription: String { text }
    }

    @Test(
        arguments: [
            // Without a registry, Docker Hub is the default; a single component is an official
            // image.
            Case("busybox", "docker.io/library/busybox"),
            Case("busybox:1.36", "docker.io/library/busybox", "1.36"),
            Case("temporalio/server:1.29.1", "docker.io/temporalio/server", "1.29.1"),
            Case("docker.io/busybox", "docker.io/library/busybox"),
            Case("docker.io/library/busybox", "docker.io/library/busybox"),
            Case("index.docker.io/busybox:1", "docker.io/library/busybox", "1"),
            Case("registry-1.docker.io/grafana/grafana", "docker.io/grafana/grafana"),
            Case("registry.hub.docker.com/library/redis", "docker.io/library/redis"),
            Case("DOCKER.IO/busybox", "docker.io/library/busybox"),
            Case("docker.io", "docker.io/library/docker.io"),
            // The first component is a registry if it has a dot, a colon or capitals, or is
            // localhost.
            Case("quay.io/spotahome/redis-operator", "quay.io/spotahome/redis-operator"),
            Case("localhost/app", "localhost/app"),
            Case("localhost:5000/app", "localhost:5000/app"),
            Case("localhost", "docker.io/library/localhost"),
            Case("localhost:5000", "docker.io/library/localhost", "5000"),
            Case("registry/app", "docker.io/registry/app"), Case("LOCALHOST/app", "localhost/app"),
            Case("Quay.IO/app", "quay.io/app"), Case("registry:80/app", "registry:80/app"),
            Case("a.b/c", "a.b/c"), Case("10.0.0.1/app", "10.0.0.1/app"),
            Case("10.0.0.1:5000/app:v1", "10.0.0.1:5000/app", "v1"),
            Case("registry.example.com.evil/app", "registry.example.com.evil/app"),
            // IPv6 addresses, whose colons do not begin a tag.
            Case("[::1]/app", "[::1]/app"), Case("[::1]:5000/app:v1", "[::1]:5000/app", "v1"),
            Case("[2001:DB8::1]:443/a/b", "[2001:db8::1]:443/a/b"),
            // A tag and a digest are both kept.
            Case("app@\(digest)", "docker.io/library/app", hasDigest: true),
            Case("app:v1@\(digest)", "docker.io/library/app", "v1", hasDigest: true),
            Case("localhost:5000/app@\(digest)", "localhost:5000/app", hasDigest: true),
            Case("[::1]:5000/app:v1@\(digest)", "[::1]:5000/app", "v1", hasDigest: true),
            // Separators in components, and valid tags.
            Case("a.b/c_d/e__f/g-h/i---j", "a.b/c_d/e__f/g-h/i---j"),
            Case("a/0/1.2", "docker.io/a/0/1.2"),
            Case("app:_", "docker.io/library/app", "_"),
            Case("app:A.b-C_d", "docker.io/library/app", "A.b-C_d"),
            // 64 hexadecimal digits are a valid name after a registry.
            Case("localhost:5000/\(hex)", "localhost:5000/\(hex)"),
            Case("docker.io/\(hex)", "docker.io/library/\(hex)"),
        ])
    func `a reference is parsed`(example: Case) throws {
        let reference = try Reference(parsing: example.text)
        #expect(reference.repository.description == example.name)
        #expect(reference.tag?.name == example.tag)
        #expect(reference.digest?.description == (example.hasDigest ? Self.digest : nil))
        #expect(try Reference(parsing: reference.description) == reference)
        #expect(try Repository(parsing: reference.repository.description) == reference.repository)
    }

    @Test(
        arguments: [
            // Empty text, or empty components.
            "", ":", "@", "/", ":v1", "@\(digest)", "app:", "app@", "app:@\(digest)", "app:v1@",
            "/app", "app/", "a//b", "quay.io/", "quay.io//app", "localhost:/app", "quay.io/app/",
            // Components with invalid separators.
            "a___b", "a..b", "a._b", "a.-b", "a_-b", "-a", "a-", ".a", "a.", "_a", "a_", "a/-b",
            "a/b-/c",
            "quay.io/a..b", "quay.io/..", "quay.io/../b", "quay.io/a/./b",
            // Capitals in a path, or as the only sign of a registry.
            "App", "app/App", "REGISTRY/app", "quay.io/App", "localhost:5000/App:v1",
            // Invalid registries.
            "-a.b/c", "a-.b/c", "a..b/c", ".a/c", "a./c", "a_b.c/d", "a.b:0/c", "a.b:65536/c",
            "a.b:x/c", "a.b:-1/c", "a.b:+1/c", "a.b:/c", "a:b:c/d", "[::1/app", "::1]/app",
            "[]/app",
            "[g::1]/app", "[1]/app", "[::1]x/app", "[::1]:x/app", "[fe80::1%eth0]/app",
            // Invalid tags and digests.
            "app:.v1", "app:-v1", "app:v/1", "app:v1:v2", "app:v+1",
            "app:\(String(repeating: "a", count: 129))",
            "app@v1", "app@sha256:abc", "app@\(digest)@\(digest)", "app@\(digest)0",
            "app@\(digest):v1",
            "app@sha256:\(hex.uppercased())", "app@md5:0123456789abcdef0123456789abcdef",
            // URLs, users, queries.
            "https://quay.io/app", "oci://quay.io/app", "user@quay.io/app", "user:pass@quay.io/app",
            "quay.io/app?x", "quay.io/app#x", "quay.io/a%2fb", "quay.io\\app",
            // Whitespace and other scripts; the lower case of the Kelvin sign is an ASCII k.
            " app", "app ", "a b", "app\n", "app\u{0}", "\u{212A}8s.io/app", "\u{212A}8s:5000/app",
            "quay。io/app", "quay.io/äpp", "app:１", "quay.io/\u{301}app",
            // An image id.
            hex,
        ])
    func `an invalid reference is rejected`(text: String) {
        #expect(throws: ParseError.self) { try Reference(parsing: text) }
    }

    @Test(arguments: [255, 256])
    func `a path has at most 255 characters, including appended components`(length: Int) {
        func parses(_ text: String) -> Bool { (try? Repository(parsing: text)) != nil }
        let path = String(repeating: "a", count: length)
        #expect(parses("quay.io/\(path)") == (length <= 255))
        #expect(parses("quay.io/\(path.dropLast(2))/b") == (length <= 255))
        #expect(parses("docker.io/x/\(path.dropLast(2))") == (length <= 255))
        #expect(parses(String(path.dropLast(8))) == (length <= 255))
        #expect(!parses(path))
    }

    @Test(arguments: ["\u{212A}8s.io/app", "\u{212A}8S.IO/app", "quay.io/app ", "quay.io/a\u{301}"])
    func `non-ASCII characters in a repository are rejected`(text: String) {
        #expect(throws: ParseError.self) { try Repository(parsing: text) }
        #expect(throws: ParseError.self) { try RegistryHost(parsing: text) }
    }

    @Test(arguments: [
        "", "a/b", "registry", "REGISTRY", "quay.io:", "quay.io:443:443",
        "quay.io:00000000000000443x", "a@b",
    ])
    func `an invalid registry is rejected`(text: String) {
        #expect(throws: ParseError.self) { try RegistryHost(parsing: text) }
    }

    @Test func `a repository is created from its components`() throws {
        let hub = try Repository(registry: .dockerHub, path: "redis")
        #expect(hub.path == "library/redis")
        let quay = try Repository(registry: try RegistryHost(parsing: "quay.io"), path: "redis")
        #expect(quay.path == "redis")
        #expect(throws: ParseError.self) { try Repository(registry: .dockerHub, path: "") }
        #expect(throws: ParseError.self) { try Repository(registry: .dockerHub, path: "a/../b") }
    }

    @Test func `repositories are ordered by the bytes of their names`() throws {
        let names = ["a.b/c-d", "a.b/c/d", "a.b/c0", "b.a/a"]
        let repositories = try names.reversed().map { try Repository(parsing: $0) }
        #expect(repositories.sorted().map(\.description) == names)
    }

    @Test(
        arguments: [
            (
                "quay.io/App",
                "repository 'App': letters must be in lower case: components are a-z and 0-9, joined by '.', '_', '__' or '-'"
            ),
            ("https://x/y", "reference 'https://x/y': is a URL; write it without the scheme"),
            (
                "docker-archive:a.tar",
                "reference 'docker-archive:a.tar': is not in a registry; copy it to a layout: "
                    + "skopeo copy docker-archive:… oci:DIR:TAG"
            ),
            ("a.b:0/c", "registry 'a.b:0': the port is not a number from 1 to 65535"),
            ("app:", "tag '': is empty"),
            ("app@v1", "digest 'v1': has no algorithm; it should look like sha256:<64 hex>"),
            ("a\u{1B}[31m", "reference 'a\\u{1b}[31m': has spaces or characters beyond ASCII"),
        ])
    func `an error names the invalid component`(text: String, message: String) {
        let error = #expect(throws: ParseError.self) { try Reference(parsing: text) }
        #expect(error?.description == message)
    }
}
