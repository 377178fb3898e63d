// SPDX-License-Identifier: Apache-2.0

import OCI
import Pinning
import Testing

/// Tests the images that are listed for values in the shapes of well-known charts.
@Suite struct UsedImagesTests {
    /// Returns the images and the reasons of omissions.
    private static func list(_ text: String, appVersion: String? = nil) throws -> [String] {
        var used = UsedImages()
        try used.add(
            Array(text.utf8), path: "values.yaml", context: FileContext(appVersion: appVersion))
        return used.images.keys.map(\.description).sorted() + used.omissions.map(\.reason)
    }

    @Test func `an ingress controller with one registry for all images`() throws {
        let text = """
            global: {image: {registry: registry.k8s.io}}
            controller:
              image:
                image: ingress-nginx/controller
                tag: "v1.13.0"
                digest: sha256:\(String(repeating: "1", count: 64))
                digestChroot: sha256:\(String(repeating: "2", count: 64))
              admissionWebhooks:
                patch: {image: {image: ingress-nginx/kube-webhook-certgen, tag: v1.6.0}}

            """
        #expect(
            try Self.list(text) == [
                "registry.k8s.io/ingress-nginx/controller:v1.13.0@sha256:"
                    + String(repeating: "1", count: 64),
                "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6.0",
                "the digest belongs to another variant: set its id in pins.yaml",
            ])
    }

    @Test func `a monitoring stack whose operator has the version of the chart`() throws {
        let text = """
            prometheusOperator:
              image: {registry: quay.io, repository: prometheus-operator/operator, tag: "", sha: ""}
              prometheusConfigReloader:
                image: {registry: quay.io, repository: prometheus-operator/reloader, tag: "", sha: ""}
            prometheus:
              prometheusSpec:
                image: {registry: quay.io, repository: prometheus/prometheus, tag: v3.5.0, sha: ""}

            """
        #expect(
            try Self.list(text, appVersion: "v0.84.0") == [
                "quay.io/prometheus-operator/operator:v0.84.0",
                "quay.io/prometheus-operator/reloader:v0.84.0",
                "quay.io/prometheus/prometheus:v3.5.0",
            ])
        #expect(try Self.list(text).count == 3)
        #expect(try Self.list(text).contains { $0.contains("neither tag nor digest") })
    }

    @Test func `a log store with a missing tag and a sidecar`() throws {
        let text = """
            global: {image: {registry: null}}
            loki: {image: {registry: docker.io, repository: grafana/loki, tag: null, digest: null}}
            sidecar: {image: {repository: docker.io/kiwigrid/k8s-sidecar, tag: 1.30.9, sha: ""}}
            memcached: {image: {repository: memcached, tag: 1.6.38-alpine}}

            """
        #expect(
            try Self.list(text, appVersion: "3.5.3") == [
                "docker.io/grafana/loki:3.5.3", "docker.io/kiwigrid/k8s-sidecar:1.30.9",
                "docker.io/library/memcached:1.6.38-alpine",
            ])
    }

    @Test func `an agent with names below a common registry`() throws {
        let images = """
            agents: {image: {name: agent, tag: 7.68.2, tagSuffix: "", repository: ""}}
            clusterAgent: {image: {name: cluster-agent, tag: 7.68.2, repository: ~}}

            """
        #expect(
            try Self.list("registry: gcr.io/datadoghq\n\(images)") == [
                "gcr.io/datadoghq/agent:7.68.2", "gcr.io/datadoghq/cluster-agent:7.68.2",
            ])
        let reasons = try Self.list("registry:\n\(images)")
        #expect(reasons.count == 2)
        #expect(reasons.allSatisfy { $0.hasPrefix("the registry is defined elsewhere") })
    }

    @Test func `an operator with defaults for all parts of the name`() throws {
        let text = """
            defaultImageRegistry: quay.io
            defaultImageRepository: strimzi
            defaultImageTag: 0.47.0
            image: {registry: "", repository: "", name: operator, tag: ""}
            kafka: {image: {registry: "", repository: "", name: kafka, tagPrefix: "", digest: ""}}
            cruiseControl: {image: {registry: "", repository: "", name: kafka, tagPrefix: ""}}

            """
        let list = try Self.list(text)
        #expect(list.first == "quay.io/strimzi/operator:0.47.0")
        #expect(list.count { $0.hasPrefix("the chart adds 'tagPrefix'") } == 2)
        #expect(!list.contains { $0.contains("docker.io/library") })
    }

    @Test func `services with default tags below one repository`() throws {
        let hex = String(repeating: "3", count: 64)
        let text = """
            sourcegraph: {image: {repository: index.docker.io/sourcegraph, defaultTag: "{{ .Chart }}"}}
            frontend: {image: {name: frontend, defaultTag: "6.6.0@sha256:\(hex)"}}
            gitserver: {image: {name: gitserver, defaultTag: "6.6.0@sha256:\(hex)"}}

            """
        #expect(
            try Self.list(text) == [
                "docker.io/sourcegraph/frontend:6.6.0@sha256:\(hex)",
                "docker.io/sourcegraph/gitserver:6.6.0@sha256:\(hex)",
                "other images are below this repository",
            ])
    }

    @Test(arguments: [
        ("0.0.0", true), ("v0.0.0-dev", true), ("x.y.z", true), ("CHANGEME", true),
        ("your-tag", true), ("replace-me", true), ("0.0.1", false), ("1.2.3", false),
        ("latest", false), ("10.0.0.0", false),
    ])
    func `a placeholder for a version is recognized`(_ tag: String, _ isPlaceholder: Bool)
        throws
    {
        #expect(try Tag(parsing: tag).isPlaceholder == isPlaceholder)
    }
}
