// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Registry
internal import Synchronization
internal import TextSafety

/// What a run asked of one host, and what came and went.
struct HostStatistics: Hashable, Sendable {
    /// The host's name, with a port where it has one of its own; a redirect may have chosen it.
    let host: String
    /// How many requests of each kind were answered or broke off.
    var requests: [RequestKind: Int] = [:]
    /// How many bytes of bodies came from there.
    var bytesRead = 0
    /// How many bytes of bodies went there.
    var bytesWritten = 0
    /// How many requests were sent again.
    var retries = 0
    /// How many manifests were read, each of which Docker Hub counts as a pull.
    var pullsSpent: Int { manifestsRead }
    /// How many pulls the host says are left; nil where it does not count.
    var pullsLeft: Int?

    fileprivate var manifestsRead = 0

    init(host: String) {
        self.host = UntrustedText(host).display
    }

    /// How many requests there were of all kinds.
    var requestCount: Int { requests.values.reduce(0, +) }
}

/// What a run asks of all hosts, counted while it happens.
final class RequestStatistics: Sendable {
    private let hosts = Mutex<[String: HostStatistics]>([:])

    func note(_ event: RegistryEvent) {
        switch event {
        case .requestFinished(let host, let kind, let status, let bytes):
            change(host) { traffic in
                traffic.requests[kind, default: 0] += 1
                if kind.isUpload {
                    traffic.bytesWritten = traffic.bytesWritten.plus(bytes)
                } else {
                    traffic.bytesRead = traffic.bytesRead.plus(bytes)
                }
                if kind == .manifestGet, status == 200 { traffic.manifestsRead += 1 }
            }
        case .retryWaiting(let host, _, _): change(host.name) { $0.retries += 1 }
        case .pullsRemaining(let host, let left): change(host.name) { $0.pullsLeft = left }
        case .anonymousFallback, .credentialUsed, .credentialAccepted, .credentialRejected,
            .invalidTagsSkipped:
            break
        }
    }

    private func change(_ host: String, _ change: (inout HostStatistics) -> Void) {
        hosts.withLock { change(&$0[host, default: HostStatistics(host: host)]) }
    }

    /// The counts so far, sorted by host.
    var counts: [HostStatistics] { hosts.withLock { $0.values.sorted { $0.host < $1.host } } }
}

extension RequestKind {
    /// Whether content moves towards the registry.
    fileprivate var isUpload: Bool {
        switch self {
        case .manifestPut, .uploadPatch, .uploadPut, .uploadPost: true
        case .token, .versionCheck, .manifestHead, .manifestGet, .manifestDelete, .blobHead,
            .blobGet, .blobMount, .uploadDelete, .tagList, .referrerList:
            false
        }
    }
}
