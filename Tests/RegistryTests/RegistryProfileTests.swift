// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite struct `Registry profiles` {
    private func profile(_ host: String) throws -> RegistryProfile {
        RegistryProfile.of(try RegistryHost(parsing: host))
    }

    @Test(arguments: [
        ("docker.io", UploadDialect.patch, UploadDialect.chunked),
        ("ghcr.io", .put, .patch), ("eu.gcr.io", .put, .put), ("gcr.io", .put, .put),
        ("europe-docker.pkg.dev", .put, .put), ("x.azurecr.io", .patch, .chunked),
        ("x.azurecr.cn", .patch, .chunked), ("azurecr.io.example.com", .put, .chunked),
        ("quay.io", .put, .chunked), ("reg.test:5000", .put, .chunked),
    ])
    func `state the first and the last upload dialect`(
        host: String, first: UploadDialect, last: UploadDialect
    ) throws {
        let profile = try profile(host)
        #expect(profile.uploadDialect == first)
        #expect(profile.smallestDialect == last)
    }

    @Test(arguments: [
        ("docker.io", UploadDialect?.none, UploadDialect.patch), ("docker.io", .put, .put),
        ("ghcr.io", nil, .put), ("ghcr.io", .patch, .patch), ("ghcr.io", .chunked, .chunked),
    ])
    func `are overridden by the configured upload dialect`(
        host: String, wish: UploadDialect?, dialect: UploadDialect
    ) throws {
        let learned = LearnedCapabilities(
            settings: .with { $0.uploadDialect = wish }, profile: try profile(host))
        #expect(learned.uploadDialect == dialect)
    }

    // A host that only contains the name of a known registry is another registry.
    @Test(arguments: [
        "ghcr.io.evil.test", "xghcr.io", "quay.io:5000", "azurecr.io", "pkg.dev", "xgcr.io",
        "amazonaws.com", "docker.io.test", "registry.gitlab.com.test",
    ])
    func `apply to exact hosts and to complete labels only`(host: String) throws {
        let profile = try profile(host)
        #expect(profile.tokenHost == nil && profile.tokenVariables == nil)
        #expect(profile.azureCloud == nil && profile.mountsBlobs && !profile.sharesTokens)
        #expect(!profile.isEventuallyConsistent && profile.namesDeleteAction)
    }

    @Test(arguments: [
        ("docker.io", "https://registry-1.docker.io", "auth.docker.io"),
        ("registry.gitlab.com", "https://registry.gitlab.com", "gitlab.com"),
        ("quay.io", "https://quay.io", nil),
    ])
    func `state the hosts of the API and of tokens`(
        host: String, api: String, tokens: String?
    ) throws {
        let origin = try Origin.of(RegistryHost(parsing: host), plainHTTP: false)
        #expect(origin.description == api)
        #expect(try profile(host).tokenHost == tokens)
    }

    @Test(arguments: [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", false, true),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", false, true),
        ("public.ecr.aws", false, false), ("ghcr.io", true, true),
        ("europe-docker.pkg.dev", false, false),
        ("docker.io", true, false),
    ])
    func `state which registries mount, and which show content late`(
        host: String, mounts: Bool, isLate: Bool
    ) throws {
        #expect(try profile(host).mountsBlobs == mounts)
        #expect(try profile(host).isEventuallyConsistent == isLate)
    }

    // GitLab's field counts requests per minute.
    @Test(arguments: [("docker.io", true), ("reg.test", true), ("registry.gitlab.com", false)])
    func `state whether a field counts pulls`(host: String, counts: Bool) async throws {
        let url = try Origin.of(RegistryHost(parsing: host), plainHTTP: false)
        var stated = Sample.manifest.fields
        stated.append("RateLimit-Remaining", "0")
        let scene = try Scene([
            Exchange("HEAD \(url)/v2/o/app/manifests/1", ScriptedResponse(200, stated))
        ])
        _ = try await scene.repository("\(host)/o/app").resolve(.tag(Tag(parsing: "1")))
        let isReported = scene.events.all.contains {
            if case .pullsRemaining = $0 { true } else { false }
        }
        #expect(isReported == counts)
    }
}
