// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import Hashing
import OCI
import AsyncPrimitives
import TextSafety

@testable import Registry

/// A clock that advances only when a task sleeps.
final class VirtualTime: Sendable {
    private let state = Mutex<(now: Duration, waits: [Duration])>((.zero, []))
    private let hold: @Sendable () async throws -> Void

    /// Creates a clock on which every sleep ends at once, or as soon as `hold` permits.
    init(hold: @escaping @Sendable () async throws -> Void = {}) { self.hold = hold }

    /// All durations of sleeps, in order.
    var waits: [Duration] { state.withLock { $0.waits } }

    func advance(_ duration: Duration) { state.withLock { $0.now += duration } }

    var timekeeper: RetryTiming {
        RetryTiming(
            now: { self.state.withLock { $0.now } },
            sleep: { duration in
                try Task.checkCancellation()
                try await self.hold()
                self.state.withLock {
                    $0.now += duration
                    $0.waits.append(duration)
                }
            },
            jitter: { 0.5 })
    }
}

/// A repository of a scripted registry, with its client.
struct Scene: Sendable {
    let wire: ScriptedTransport
    let time: VirtualTime
    let events = EventLog()
    let network: RegistryClientPool

    /// Creates a scene from the responses of the registries, their settings and the credentials.
    init(
        _ exchanges: [Exchange], _ settings: [String: RegistrySettings] = [:],
        credentials: [String: Credential] = [:], environment: [String: String] = [:],
        read: @escaping CredentialStore.FileReader = { _ in nil },
        run: @escaping CredentialHelper.Runner = { _, _, _ in
            CredentialHelper.Output(status: 1, output: [])
        }, time: VirtualTime = VirtualTime(), retryMode: RetryMode = .unattended,
        retryFor: Duration? = nil
    ) throws {
        self.time = time
        func byHost<Value>(_ map: [String: Value]) throws -> [RegistryHost: Value] {
            try Dictionary(
                uniqueKeysWithValues: map.map { (try RegistryHost(parsing: $0.key), $0.value) })
        }
        self.wire = ScriptedTransport(exchanges)
        let store = CredentialStore(
            given: try byHost(credentials), environment: environment, read: read, run: run)
        self.network = RegistryClientPool(
            transport: wire,
            options: .init(
                registries: try byHost(settings), retryMode: retryMode, retryFor: retryFor,
                time: time.timekeeper),
            credentials: store, events: { [events] in events.append($0) })
    }

    func repository(_ name: String = "reg.test/app") throws -> RemoteRepository {
        try network.repository(Repository(parsing: name))
    }
}

final class EventLog: Sendable {
    private let list = Mutex<[RegistryEvent]>([])
    var all: [RegistryEvent] { list.withLock { $0 } }
    /// The events without the times and URLs of requests.
    var withoutTraces: [RegistryEvent] {
        all.map { event in
            guard case .requestFinished(let host, let kind, let status, let bytes, _) = event else {
                return event
            }
            return .requestFinished(host: host, kind: kind, status: status, bytes: bytes)
        }
    }
    func append(_ event: RegistryEvent) { list.withLock { $0.append(event) } }
}

extension RegistrySettings {
    static func with(_ change: (inout RegistrySettings) -> Void) -> RegistrySettings {
        var settings = RegistrySettings()
        change(&settings)
        return settings
    }

    /// Permits hosts and address ranges, as the entries of `allow` in a configuration.
    mutating func allow(_ entries: [String]) {
        for entry in entries {
            let host = try? RegistryHost(parsing: entry)
            let range = try? AddressRange(parsing: entry)
            precondition(host != nil || range != nil, "\(entry) is neither a host nor a range")
            allowedHosts += [host].compactMap(\.self)
            allowedRanges += [range].compactMap(\.self)
        }
    }
}

extension Credential {
    static func user(_ user: String, _ password: String) -> Credential {
        .basic(user: user, password: Secret(password))
    }
}

/// Content with its descriptor.
struct Sample: Sendable {
    let bytes: [UInt8]
    let descriptor: Descriptor

    init(_ text: String, _ type: MediaType = .octetStream) {
        self.init(bytes: Array(text.utf8), type)
    }

    init(bytes: [UInt8], _ type: MediaType = .octetStream) {
        self.bytes = bytes
        self.descriptor = Descriptor(mediaType: type, digest: .of(bytes), size: bytes.count)
    }

    static let blob = Sample("the bytes of a layer")
    static let manifest = Sample(
        #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","#
            + #""digest":"sha256:\#(String(repeating: "c", count: 64))","size":2},"layers":[]}"#,
        .ociManifest)

    var digest: Digest { descriptor.digest }

    /// The fields of a registry's response with it.
    var fields: HTTPFields {
        [
            "Content-Type": descriptor.mediaType.name, "Content-Length": "\(bytes.count)",
            "Docker-Content-Digest": "\(digest)",
        ]
    }

    var raw: RawManifest { RawManifest(describing: bytes, as: descriptor.mediaType) }

    func open() async throws -> ByteStream {
        VerifiedStream(ChunkedBody(chunks: [bytes]), verifying: descriptor)
    }
}

/// Returns all bytes of a stream.
func collect(_ stream: ByteStream) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await chunk in stream { bytes += chunk }
    return bytes
}
