import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A server of the tests' own that listens for TigerBeetle's clients too. The environment names the program (TEST_SERVER_COMMAND) and a folder for its
 * data (TEST_FOLDER).
 */
final class Server {
    private static final String PROGRAM = System.getenv("TEST_SERVER_COMMAND");

    private final Path data;
    private Process process;
    private String nativeAddress = "127.0.0.1:0";
    private String address = "127.0.0.1:0";

    /** On the main thread: the server ends with the thread that started it, so a test that is killed leaves none behind. */
    Server() throws IOException {
        data = Files.createTempDirectory(Path.of(System.getenv("TEST_FOLDER")), "java_");
        launch();
    }

    String address() {
        return address;
    }

    private void launch() throws IOException {
        process = start(List.of("setpriv", "--pdeathsig", "KILL", PROGRAM, "serve", "--data", data.toString(), "--listen", nativeAddress,
                "--tigerbeetle-listen", address, "--disk-headroom", "0"));
        var lines = new BufferedReader(new InputStreamReader(process.getInputStream()));
        nativeAddress = lastWord(lines.readLine());
        address = lastWord(lines.readLine());
    }

    private static Process start(List<String> command) throws IOException {
        var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // Settings that the environment may hold are not for the tests' servers.
        builder.environment().keySet().removeIf(name -> name.startsWith("FLORIN_"));
        return builder.start();
    }

    private static String lastWord(String line) {
        return line.substring(line.lastIndexOf(' ') + 1);
    }

    /** Without a word of warning, as a crash; on the same ports again. */
    void killAndRestart() throws IOException, InterruptedException {
        process.destroyForcibly().waitFor();
        launch();
    }

    /** Ends the server as an operator would; its exit code. */
    int stop() throws InterruptedException {
        process.toHandle().destroy();
        return process.waitFor();
    }

    /** What a subcommand of the native client prints. */
    String ask(String... arguments) throws IOException {
        var command = new ArrayList<>(List.of(PROGRAM));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--connect", nativeAddress));
        return new String(start(command).getInputStream().readAllBytes());
    }
}
