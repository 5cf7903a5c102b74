// expect: pattern=serialization-overhead bench
// Hands out copies of its settings, made by writing and reading them.
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.HashMap;

public class ObjectStream {
    static final HashMap<String, ArrayList<Integer>> settings = new HashMap<>();

    @SuppressWarnings("unchecked")
    static HashMap<String, ArrayList<Integer>> copy() throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) { // <- cost
            out.writeObject(settings); // <- cost
        }
        ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())); // <- cost
        return (HashMap<String, ArrayList<Integer>>) in.readObject(); // <- cost
    }

    static int sum(HashMap<String, ArrayList<Integer>> read) {
        int sum = 0;
        for (ArrayList<Integer> numbers : read.values()) sum += numbers.get(0);
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < 300; i++) {
            ArrayList<Integer> numbers = new ArrayList<>();
            for (int k = 0; k < 8; k++) numbers.add(i * k);
            settings.put("setting-" + i, numbers);
        }
        System.out.println("ready " + ProcessHandle.current().pid());
        long total = 0;
        while (total >= 0) total += sum(copy());
    }
}
