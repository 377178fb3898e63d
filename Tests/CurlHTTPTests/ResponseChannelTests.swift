// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CurlHTTP

struct ResponseChannelTests {
    private let channel = ResponseChannel(bufferSize: 8)

    private func append(_ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe channel.append($0) }
    }

    /// Starts a reader, and returns when it waits.
    private func startReader() -> Task<[UInt8]?, any Error> {
        // It runs to its first suspension immediately.
        Task.immediate { [channel] in try await channel.next {} }
    }

    @Test func `a reader waits for half of the buffer while more bytes may follow`() async throws {
        let reader = startReader()
        #expect(append([1, 2, 3]))
        #expect(channel.resumeReader(mayWithhold: true))
        #expect(append([4]))
        #expect(!channel.resumeReader(mayWithhold: true))
        #expect(try await reader.value == [1, 2, 3, 4])
    }

    @Test func `a reader gets few bytes if no more follow now`() async throws {
        let reader = startReader()
        #expect(append([1]))
        #expect(!channel.resumeReader(mayWithhold: false))
        #expect(try await reader.value == [1])
    }

    @Test func `bytes without a waiting reader are not withheld`() async throws {
        #expect(append([1]))
        #expect(!channel.resumeReader(mayWithhold: true))
        #expect(try await channel.next {} == [1])
    }

    @Test func `the end delivers withheld bytes first`() async throws {
        let reader = startReader()
        #expect(append([1]))
        #expect(channel.resumeReader(mayWithhold: true))
        channel.finish(.success(()))
        #expect(try await reader.value == [1])
        #expect(try await channel.next {} == nil)
    }

    @Test func `bytes that do not fit pause the transfer until the buffer is read`() async throws {
        #expect(append([1, 2, 3, 4, 5, 6, 7]))
        #expect(!append([8, 9]))
        #expect(!channel.hasSpace)
        let resumptions = Counter()
        #expect(try await channel.next { resumptions.count += 1 } == [1, 2, 3, 4, 5, 6, 7])
        #expect(resumptions.count == 1)
        #expect(channel.hasSpace)
    }
}

private final class Counter {
    var count = 0
}
