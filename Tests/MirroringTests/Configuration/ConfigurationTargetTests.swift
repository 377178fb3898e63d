// SPDX-License-Identifier: Apache-2.0

import HTTP
import Mirroring
import OCI
import Testing
import TextSafety

@Suite struct `Targets and registries of the configuration` {
    static let targets = [
        Problem("{lock: a}", "4:5", "missing key 'prefix'"),
        Problem("{prefix: ghcr.io/x}", "4:5", "missing key 'lock'"),
        Problem("{prefix: owner/mirror, lock: a}", "4:14", "must begin with a registry"),
        Problem("{prefix: ghcr.io/X, lock: a}", "4:14", "letters must be in lower case"),
        Problem("{prefix: ghcr.io/x/, lock: a}", "4:14", "it is not a name"),
        Problem("{prefix: 'ghcr.io:0/x', lock: a}", "4:14", "the port is not a number"),
        Problem("{prefix: docker.io, lock: a}", "4:14", "docker.io needs a user"),
        Problem("{prefix: 'oci:'}", "4:14", "missing directory"),
        Problem("{prefix: 'oci:m', lock: a}", "4:29", "not supported for layout targets"),
        Problem("{prefix: '${NONE}/x', lock: a}", "4:15", "variable NONE is not set"),
        Problem("{prefix: ghcr.io/x, lock: ''}", "4:31", "lock: must not be empty"),
        Problem(
            "{prefix: ghcr.io/x, lock: mirror.yaml}", "4:31", "would overwrite the configuration"),
        Problem(
            "{prefix: ghcr.io/x, lock: b/../mirror.yaml}", "4:31",
            "would overwrite the configuration"),
        Problem("{prefix: ghcr.io/x, lock: a, root: a..b}", "4:40", "root: expected keys"),
        Problem("{prefix: ghcr.io/x, lock: a, rot: a}", "4:34", "did you mean 'root'?"),
        Problem("{prefix: ghcr.io/x, lock: a, publishLock: 1}", "4:47", "expected true or false"),
        Problem(
            "{prefix: 'oci:m', publishLock: true}", "4:36", "not supported for layout targets"),
        Problem(
            "{prefix: ghcr.io/x, lock: Images.yaml, publishLock: true}", "4:57",
            "'Images' is not a valid name of a repository"),
        Problem("ghcr.io/x", "4:5", "target: expected a mapping with the keys prefix"),
        Problem(
            "{prefix: ghcr.io/x, lock: a}\n  - {prefix: GHCR.IO/x, lock: b}", "5:14",
            "duplicate prefix ghcr.io/x: lines 4 and 5"),
        Problem(
            "{prefix: ghcr.io/x, lock: a}\n  - {prefix: quay.io/x, lock: ./c/../a}", "5:31",
            "duplicate lock file: lines 4 and 5"),
        Problem(
            "{prefix: ghcr.io/\(String(repeating: "x", count: 253)), lock: a}", "2:10",
            "is longer than 255 characters"),
    ]

    static let registries = [
        Problem("{credential: {}}", "5:15", "quay.io: unknown key"),
        Problem("{credentials: {username: u}}", "5:28", "missing key 'password'"),
        Problem("{credentials: {username: u, password: ''}}", "5:52", "the password is empty"),
        Problem("{credentials: {username: '${EMPTY}', password: p}}", "5:39", "username is empty"),
        Problem("{credentials: {username: u, password: '${NO}'}}", "5:53", "NO is not set"),
        Problem("{credentials: {username: u, password: '${NO:?ask ops}'}}", "5:53", "ask ops"),
        Problem("{auth: always}", "5:21", "expected optional or required, found string"),
        Problem("{plainHTTP: 'true'}", "5:26", "expected true or false, found string 'true'"),
        Problem("{plainHttp: true}", "5:15", "did you mean 'plainHTTP'?"),
        Problem("{concurrency: 0}", "5:28", "an integer from 1 to 256"),
        Problem("{concurrency: 1.5}", "5:28", "an integer from 1 to 256"),
        Problem("{reservePulls: -1}", "5:29", "an integer of at least 0"),
        Problem("{upload: patched}", "5:23", "did you mean 'patch'?"),
        Problem("{endpoints: mirror.gcr.io}", "5:26", "expected a list of hosts"),
        Problem("{endpoints: ['https://mirror.gcr.io']}", "5:27", "remove the scheme"),
        Problem("{tokenHosts: [a/b]}", "5:28", "remove the path"),
        Problem("{allow: [10.0.0.0/33]}", "5:23", "not an address range"),
        Problem("{clientKey: k.pem}", "5:26", "requires clientCertificate"),
        Problem("{plainHTTP: true, caFile: c.pem}", "5:40", "not allowed with plainHTTP"),
        Problem("true", "5:14", "quay.io: expected a mapping with the keys credentials"),
        Problem("{}\n  QUAY.io: {}", "6:3", "duplicate registry quay.io, first on line 5"),
        Problem("{}\n  'a b': {}", "6:3", "registries: registry 'a b': "),
    ]

    static let topLevels = [
        Problem("platfroms: [linux/amd64]", "4:1", "did you mean 'platforms'?"),
        Problem("platforms: linux/amd64", "4:12", "expected a list of platforms, found string"),
        Problem("platforms: [linux/arm64, linux/arm64/v8]", "4:26", "duplicate platform"),
        Problem("platforms: [linux/amd64, 7]", "4:26", "expected a string, found number '7'"),
        Problem("validation: all", "4:13", "expected index, config or content"),
        Problem("naming: paths", "4:9", "did you mean 'path'?"),
        Problem("keepReplaced: no", "4:15", "expected true or false, found string 'no'"),
        Problem("registries: [quay.io]", "4:13", "expected a mapping of registries"),
        Problem("version: 1", "4:1", "duplicate key 'version', first on line 1"),
        Problem("? [a]\n: b", "4:3", "keys must be strings"),
        Problem("copy: &c all", "4:10", "anchors are not supported"),
        Problem("copy: !!str all", "4:13", "YAML tags are not supported"),
        Problem("<<: {copy: all}", "4:1", "merge keys are not supported"),
        Problem("---\nversion: 1", "5:1", "multiple YAML documents"),
    ]

    @Test(arguments: targets)
    func `an invalid target is reported once, with its location`(_ problem: Problem) {
        expectOnly(problem, in: ConfigurationFixture.target(problem.part))
    }

    @Test(arguments: registries)
    func `an invalid registry is reported once, with its location`(_ problem: Problem) {
        expectOnly(problem, in: ConfigurationFixture.registry(problem.part))
    }

    @Test(arguments: topLevels)
    func `an invalid line at the top level is reported once, with its location`(_ problem: Problem)
    {
        expectOnly(problem, in: ConfigurationFixture.topLevel(problem.part))
    }

    @Test func `paths of targets are absolute`() throws {
        let configuration = try ConfigurationFixture.load(
            """
            version: 1
            images: [redis:7]
            targets:
              - {prefix: "${REGISTRY}/${OWNER:-owner}/mirror", lock: ./locks/a.yaml}
              - {prefix: localhost:5000, lock: /abs/b.yaml, root: images}
              - {prefix: "oci:../layouts"}
            """
        ).configuration
        #expect(
            configuration.targets == [
                MirrorTarget(
                    prefix: .registry(try RegistryHost(parsing: "ghcr.io"), path: "owner/mirror"),
                    writtenPrefix: "${REGISTRY}/${OWNER:-owner}/mirror",
                    lock: "/srv/repo/locks/a.yaml"),
                MirrorTarget(
                    prefix: .registry(try RegistryHost(parsing: "localhost:5000"), path: ""),
                    lock: "/abs/b.yaml", root: ["images"]),
                MirrorTarget(
                    prefix: .layout(directory: "/srv/repo/../layouts"),
                    writtenPrefix: "oci:../layouts", lock: nil),
            ])
    }

    @Test func `a layout inside the directory of another layout is rejected`() {
        let images =
            "[{source: r:1, name: a}, {source: s:2, name: a/blobs}, {source: t:3, name: ab}]"
        let yaml = ConfigurationFixture.target("{prefix: 'oci:m'}")
            .replacing("[redis:7.4.1]", with: images)
        #expect(
            ConfigurationFixture.problems(of: yaml) == [
                "2:34: name: the layout 'a/blobs' would be inside the layout 'a' of line 2; "
                    + "set a different 'name' for one of them"
            ])
    }

    @Test func `a configuration with every kind of entry is accepted`() throws {
        let loaded = try ConfigurationFixture.load(
            """
            version: 1
            platforms: [linux/amd64, linux/arm64]     # required of every image
            validation: content
            targets:
              - prefix: ghcr.io/ameideio/mirror
                lock: images.lock.yaml
              - prefix: oci:./mirror
            registries:
              docker.io:
                credentials: {username: "${DOCKERHUB_USERNAME:-}", password: "${DOCKERHUB_TOKEN:-}"}
                concurrency: 6
                reservePulls: 10
                endpoints: [mirror.gcr.io]
              localhost:5000: {plainHTTP: true}
            images:
              - temporalio/server:1.29.1
              - source: envoyproxy/gateway:v1.3.0
                name: envoy-gateway
              - source: quay.io/spotahome/redis-operator
                tags: {semver: ">=1.2 <2", latest: 2}
              - source: bitnami/kubectl:latest
                floating: true
                requires: [/bin/sh, kubectl]
              - source: quay.io/janus-idp/backstage-showcase:1.2.3
                exception: {platforms: [linux/amd64], reason: "upstream is amd64 only", until: 2027-01-31}
            """)
        #expect(loaded.warnings.isEmpty)
        #expect(
            loaded.configuration.images.map(\.name) == [
                "temporalio-server", "envoy-gateway", "spotahome-redis-operator", "bitnami-kubectl",
                "janus-idp-backstage-showcase",
            ])
        #expect(loaded.configuration.registries.count == 2)
        #expect(loaded.configuration.platforms == [.linuxAMD64, .linuxARM64])
        #expect(loaded.configuration.keepReplaced)
    }

    @Test func `every option of a registry is read`() throws {
        let configuration = try ConfigurationFixture.load(
            ConfigurationFixture.registry(
                """
                {credentials: {username: me, password: "a${TOKEN}$b"}, auth: required,
                   credentialsOverHTTP: true, caFile: ca.pem, clientCertificate: c.pem,
                   clientKey: /k.pem, concurrency: 2, upload: patch, reservePulls: 10,
                   endpoints: ["mirror.${REGISTRY}", registry-1.docker.io], tokenHosts: [auth.quay.io],
                   allow: [10.0.0.0/8, "FD00::/8", "::1", 10.0.0.1, internal.example]}
                """)
        ).configuration
        let options = try #require(configuration.registries[try RegistryHost(parsing: "quay.io")])
        #expect(options.credentials?.username == "me")
        #expect(options.credentials?.password == Secret("ahunter2$b"))
        #expect(options.requiresAuth)
        #expect(options.credentialsOverHTTP)
        #expect(options.caFile == "/srv/repo/ca.pem")
        #expect(options.clientCertificate == "/srv/repo/c.pem")
        #expect(options.clientKey == "/k.pem")
        #expect(options.concurrency == 2)
        #expect(options.upload == .patch)
        #expect(options.reservePulls == 10)
        #expect(options.endpoints.map(\.name) == ["mirror.ghcr.io", "docker.io"])
        #expect(options.tokenHosts.map(\.name) == ["auth.quay.io"])
        #expect(options.allowedHosts.map(\.name) == ["10.0.0.1", "internal.example"])
        let ranges = ["10.0.0.0/8", "fd00::/8", "::1", "10.0.0.1"]
        #expect(try options.allowedRanges == ranges.map { try AddressRange(parsing: $0) })
    }

    @Test func `all names of Docker Hub mean one registry, and empty credentials mean none`() throws
    {
        let options = "{credentials: {username: '${EMPTY}', password: '${NONE:-}'}}"
        let yaml = ConfigurationFixture.topLevel("registries: {index.docker.io: \(options)}")
        let registries = try ConfigurationFixture.load(yaml).configuration.registries
        #expect(registries[.dockerHub] == RegistryOptions())
    }

    @Test func `credentials that are not sent over plain HTTP cause a warning`() throws {
        let options = "{plainHTTP: true, credentials: {username: u, password: p}}"
        let loaded = try ConfigurationFixture.load(ConfigurationFixture.registry(options))
        #expect(loaded.warnings.map(\.line) == [5])
        #expect(loaded.warnings.first?.description.contains("warning: plainHTTP: ") == true)
    }

    private func expectOnly(_ problem: Problem, in yaml: String) {
        let problems = ConfigurationFixture.problems(of: yaml)
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.hasPrefix("\(problem.location): ") == true, "\(problems)")
        #expect(problems.first?.contains(problem.message) == true, "\(problems)")
    }
}
