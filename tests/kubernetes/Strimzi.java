import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.strimzi.api.kafka.model.connect.KafkaConnect;
import io.strimzi.api.kafka.model.connector.KafkaConnector;
import java.io.File;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Map;

/** Reads resources (JSON, one a file) as Strimzi's operator does, and prints a line for each member that its classes do not have. */
public class Strimzi {
    private static void walk(Object object, String path) throws Exception {
        if (object instanceof Collection<?> items) {
            int index = 0;
            for (Object item : items) walk(item, path + "[" + index++ + "]");
            return;
        }
        if (object == null || !object.getClass().getName().startsWith("io.strimzi.")) return;
        for (Method method : object.getClass().getMethods()) {
            String name = method.getName();
            if (!name.startsWith("get") || name.equals("getClass") || method.getParameterCount() > 0) continue;
            Object value = method.invoke(object);
            if (name.equals("getAdditionalProperties"))
                for (Object unknown : ((Map<?, ?>) value).keySet()) System.out.println(path + "." + unknown);
            else
                walk(value, path + "." + Character.toLowerCase(name.charAt(3)) + name.substring(4));
        }
    }

    public static void main(String[] files) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        for (String file : files) {
            JsonNode tree = mapper.readTree(new File(file));
            String kind = tree.get("kind").asText();
            Class<?> type = kind.equals("KafkaConnect") ? KafkaConnect.class : KafkaConnector.class;
            Object read = mapper.treeToValue(tree, type);
            walk(read, kind);
        }
    }
}
