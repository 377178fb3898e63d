// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Registry
internal import AsyncPrimitives
internal import TextSafety

/// The request statistics of a host.
struct HostStatistics: Hashable, Sendable {
    /// The host name, with a port if it is not the default; also hosts of redirects.
    let host: String
    /// The number of completed or aborted requests of each kind.
    var requests: [RequestKind: Int] = [:]
    /// The number of received body bytes.
    var bytesRead = 0
    /// The number of sent body bytes.
    var bytesWritten = 0
    /// The number of retries.
    var retries = 0
    /// The number of pulls, which Docker Hub counts by downloaded manifests.
    var pullsSpent: Int { manifestsRead }
    /// The number of remaining pulls, or `nil` without a pull rate limit.
    var pullsLeft: Int?

    fileprivate var manifestsRead = 0

    init(host: String) {
        self.host = UntrustedText(host).display
    }

    /// The number of requests of all kinds.
    var requestCount: Int { requests.values.reduce(0, +) }
}

/// Collects the request statistics of all hosts.
final class RequestStatistics: Sendable {
    private let hosts = Mutex<[String: HostStatistics]>([:])

    /// Records an event; most of them are not about requests.
    func record(_ event: RegistryEvent) {
        switch event {
        case .requestFinished(let host, let kind, let status, let bytes, _):
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
        case .hostGivenUp, .anonymousFallback, .warningReceived, .credentialUsed,
            .credentialTrimmed, .credentialAccepted,
            .credentialRejected,
            .invalidTagsSkipped:
            break
        }
    }

    private func change(_ host: String, _ change: (inout HostStatistics) -> Void) {
        hosts.withLock { change(&$0[host, default: HostStatistics(host: host)]) }
    }

    /// The statistics so far, sorted by host.
    var counts: [HostStatistics] { hosts.withLock { $0.values.sorted { $0.host < $1.host } } }
}

extension RequestKind {
    /// A Boolean value that indicates whether the request uploads content.
    fileprivate var isUpload: Bool {
        switch self {
        case .manifestPut, .uploadPatch, .uploadPut, .uploadPost: true
        case .token, .versionCheck, .manifestHead, .manifestGet, .manifestDelete, .blobHead,
            .blobGet, .blobMount, .uploadDelete, .tagList, .referrerList:
            false
        }
    }
}
